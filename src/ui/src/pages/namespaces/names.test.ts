import { describe, expect, it } from "vitest";
import { depths, lineage, splitName, wrongName } from "@/pages/namespaces/names";
import { namespacesSearch } from "@/pages/namespaces/search";

describe("names of namespaces", () => {
  it("are split at the last dot", () => {
    expect(splitName("shop.orders.eu")).toEqual({ above: "shop.orders", last: "eu" });
    expect(splitName("shop")).toEqual({ above: null, last: "shop" });
  });

  it("know those above them", () => {
    expect(lineage("a.b.c")).toEqual(["a", "a.b", "a.b.c"]);
  });

  it("stand as deep as those above them that are shown", () => {
    expect([...depths(["a", "a.b", "a.b.c", "x.y"]).values()]).toEqual([0, 1, 2, 0]);
    expect(depths(["a.b", "a.b.c.d"]).get("a.b.c.d")).toBe(1);
    expect(depths(["ab", "ab2.c"]).get("ab2.c")).toBe(0);
  });

  it.each(["", "A", "a..b", "a.", ".a", "a b", "a/b", "x".repeat(151)])("refuse %j", (name) => {
    expect(wrongName(name)).not.toBeNull();
  });

  it.each(["a", "company.team", "a-b.c_d", "1.2"])("take %j", (name) => {
    expect(wrongName(name)).toBeNull();
  });
});

describe("the address", () => {
  it("holds what is known, and nothing that is not", () => {
    expect(namespacesSearch({ tab: "kv", key: "color", other: "x" })).toEqual({ tab: "kv", key: "color", q: undefined, file: undefined });
    expect(namespacesSearch({ tab: "nothing", q: ["a", "b"] })).toEqual({});
  });
});
