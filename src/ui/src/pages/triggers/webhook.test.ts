import { expect, it } from "vitest";
import { addressOf, callOf, hiddenKey } from "@/pages/triggers/webhook";

it("has the key in its address, unless that is a secret", () => {
  expect(addressOf("http://h:1", "shop.eu", "order", "a/b")).toBe("http://h:1/api/v1/main/executions/webhook/shop.eu/order/a%2Fb");
  expect(addressOf("http://h:1", "shop", "order", "{{ secret('HOOK') }}")).toMatch(/\/KEY$/);
  expect(hiddenKey("******")).toBe(true);
  expect(hiddenKey("4wjtkzw")).toBe(false);
});

it("is called by a method that starts it", () => {
  expect(callOf("curl", "http://h", undefined)).toContain("-X POST");
  expect(callOf("curl", "http://h", ["GET"])).not.toContain("-d ");
  expect(callOf("python", "http://h", ["PUT"])).toContain('"PUT"');
});
