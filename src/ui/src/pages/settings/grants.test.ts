import { describe, expect, it } from "vitest";
import {
  type GrantRow,
  grantArgument,
  grantRows,
  grantsOf,
  grantText,
  makePassword,
  scopesOf,
  scopeText,
  wrongPassword,
  wrongPlace,
  wrongRows,
  wrongUserName,
} from "@/pages/settings/grants";
import { settingsSearch } from "@/pages/settings/search";

const row = (more: Partial<GrantRow> = {}): GrantRow => ({ role: "viewer", namespace: "", topics: null, ...more });

describe("grants", () => {
  it("are edited and sent as they came", () => {
    const grants = [
      { role: "editor" as const, namespace: "shop" },
      { role: "operator" as const, namespace: "demo", topics: ["orders.*"] },
      { role: "admin" as const },
    ];
    expect(grantsOf(grantRows(grants))).toEqual([
      { role: "editor", namespace: "shop", topics: null },
      { role: "operator", namespace: "demo", topics: ["orders.*"] },
      { role: "admin", namespace: null, topics: null },
    ]);
  });

  it("tell no topics from those that the place has by itself", () => {
    expect(grantsOf([row({ topics: [] })])[0]?.topics).toEqual([]);
    expect(grantsOf([row()])[0]?.topics).toBeNull();
  });

  it("are said in words, and as the command takes them", () => {
    const grant = { role: "operator" as const, namespace: "shop", topics: ["orders.*", "heat"] };
    expect(grantText(grant)).toBe("operator in shop, topics orders.*, heat");
    expect(grantText({ role: "viewer" })).toBe("viewer everywhere");
    expect(grantText({ role: "viewer", topics: [] })).toBe("viewer everywhere, topics none");
    expect(grantArgument(grant)).toBe("operator:shop@orders.*,heat");
    expect(grantArgument({ role: "viewer" })).toBe("viewer");
    expect(scopeText({ permissions: ["read", "run"], namespace: "a" })).toBe("read, run in a");
  });

  it("are refused where they mean nothing", () => {
    expect(wrongPlace(row({ namespace: "Shop" }))).not.toBeNull();
    expect(wrongPlace(row({ topics: [" "] }))).not.toBeNull();
    expect(wrongPlace(row({ namespace: "shop.orders", topics: ["a.**"] }))).toBeNull();
    expect(wrongRows([row(), row({ role: "editor" })])).toBeNull();
    expect(wrongRows([row(), row()])).not.toBeNull();
    expect(wrongRows([{ permissions: [], namespace: "", topics: null }])).not.toBeNull();
    expect(scopesOf([{ permissions: ["read"], namespace: " ", topics: null }])).toEqual([
      { permissions: ["read"], namespace: null, topics: null },
    ]);
  });
});

describe("names and passwords", () => {
  it("are what the server takes", () => {
    expect(wrongUserName("ada@example.org")).toBeNull();
    expect(wrongUserName("")).not.toBeNull();
    expect(wrongUserName("a b")).not.toBeNull();
    expect(wrongPassword("1234567")).not.toBeNull();
    expect(wrongPassword("12345678")).toBeNull();
    expect(wrongPassword("x".repeat(1025))).not.toBeNull();
  });

  it("are made at random, each letter as likely as the others", () => {
    expect(makePassword()).toMatch(/^[a-zA-Z2-9]{20}$/);
    expect(makePassword()).not.toBe(makePassword());
    let turn = 0;
    const first = makePassword((bytes) => bytes.fill(turn++ === 0 ? 255 : 0));
    expect(first).toBe("a".repeat(20));
  });
});

describe("the address", () => {
  it("holds what is known", () => {
    expect(settingsSearch({ tab: "audit", who: "ada", x: "y" })).toMatchObject({ tab: "audit", who: "ada" });
    expect(settingsSearch({ tab: "nothing" }).tab).toBeUndefined();
  });
});
