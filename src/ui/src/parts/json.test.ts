import { describe, expect, it } from "vitest";
import { addressOf, childrenOf, countText, glimpse, kindOf, textOf } from "@/parts/json";

describe("json", () => {
  it("addresses values as expressions do", () => {
    expect(addressOf("outputs.make", "vars")).toBe("outputs.make.vars");
    expect(addressOf("outputs", "out.csv")).toBe("outputs['out.csv']");
    expect(addressOf("inputs.names", 3)).toBe("inputs.names[3]");
    expect(addressOf("x", "it's")).toBe("x['it\\'s']");
    expect(addressOf("", "id")).toBe("id");
  });

  it("knows what a value is", () => {
    expect([null, undefined, [], {}, 1, true, "a"].map(kindOf)).toEqual(["null", "null", "list", "object", "number", "boolean", "text"]);
  });

  it("gives a part of many values, with their places", () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n]));
    expect(childrenOf(many, 9_999, 20_000)).toEqual([["k9999", 9_999]]);
    expect(childrenOf(["a", "b", "c"], 1, 2)).toEqual([[1, "b"]]);
    expect(countText(many)).toBe(`${(10_000).toLocaleString()} keys`);
    expect(countText([1])).toBe("1 value");
  });

  it("says in a line how a value begins", () => {
    expect(glimpse({ id: 7, list: [1], of: {} })).toBe("{id: 7, list: […], of: {…}}");
    expect(glimpse(["a".repeat(80)])).toBe("[…]");
    expect(glimpse([1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe("[1, 2, 3, 4, 5, 6, 7, 8, …]");
    expect(glimpse({})).toBe("{}");
  });

  it("copies text as it is", () => {
    expect(textOf("a\nb")).toBe("a\nb");
    expect(textOf([1])).toBe("[\n  1\n]");
  });
});
