import { describe, expect, it } from "vitest";
import { copyOf } from "@/pages/dashboard/copy";

describe("a copy of a dashboard", () => {
  it("has no id, another title, and its comments", () => {
    expect(copyOf("id: a\ntitle: Sales\n# why\ncharts: []\n")).toBe("title: Sales (copy)\n# why\ncharts: []\n");
  });

  it("of what cannot be read is as it was", () => {
    expect(copyOf("a: [")).toBe("a: [");
    expect(copyOf("")).toBe("");
  });
});
