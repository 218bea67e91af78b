import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { newKey, TEMPLATES, textOf } from "@/pages/flow/templates";
import { webhookOf } from "@/pages/flow/webhook";

describe("what a new flow can begin with", () => {
  it.each(TEMPLATES.map((each) => [each.id, each] as const))("%s is a flow of the namespace", (_, template) => {
    const flow = parse(textOf(template, "a.b"));
    expect(flow.namespace).toBe("a.b");
    expect(flow.id).toMatch(/^[a-z_]+$/);
    expect(flow.tasks.length).toBeGreaterThan(0);
    expect(textOf(template, "a.b")).not.toMatch(/NAMESPACE|WEBHOOK-KEY/);
  });

  it("has names of its own", () => {
    expect(new Set(TEMPLATES.map((each) => each.id)).size).toBe(TEMPLATES.length);
    expect(new Set(TEMPLATES.map((each) => parse(each.text).id)).size).toBe(TEMPLATES.length);
  });

  it("has a new key for each webhook", () => {
    expect(newKey()).toMatch(/^[0-9a-z]{36}$/);
    expect(newKey()).not.toBe(newKey());
  });
});

describe("a webhook's address", () => {
  const flow = { namespace: "a.b", id: "c" };
  it("has the key", () => {
    expect(webhookOf(flow, { key: "x/y z" }, "https://host")).toBe("https://host/api/v1/main/executions/webhook/a.b/c/x%2Fy%20z");
  });
  it("is not told where only the server knows the key", () => {
    for (const key of ["{{ secret('HOOK') }}", "", "******", undefined, 7]) expect(webhookOf(flow, { key }, "https://host")).toBeNull();
  });
});
