import { describe, expect, it } from "vitest";
import { secretRows } from "@/pages/namespaces/secrets/rows";

describe("secrets that a namespace sees", () => {
  it("are its own, then those above, the nearest first; one that is nearer hides the others of its name", () => {
    const rows = secretRows("a.b.c", [{ key: "TOKEN", description: "x" }], { a: ["token", "OLD"], "a.b": ["OLD", "KEY"] });
    expect(rows.map((row) => [row.namespace, row.key, row.hidden])).toEqual([
      ["a.b.c", "TOKEN", false],
      ["a.b", "KEY", false],
      ["a.b", "OLD", false],
      ["a", "OLD", true],
      ["a", "token", true],
    ]);
    expect(rows[0]).toMatchObject({ inherited: false, description: "x", updated: null });
  });
});
