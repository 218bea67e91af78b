import { describe, expect, it } from "vitest";
import { quotaRows } from "@/pages/settings/quotas";

describe("quotas", () => {
  it("stand by namespace, which is said once, those of all others first", () => {
    const rows = quotaRows([
      { namespace: "shop", quota: "running", used: 1, limit: 2 },
      { namespace: "*", quota: "running", used: 0, limit: 2000 },
      { namespace: "shop", quota: "executions_per_minute", used: 60, limit: 60 },
      { namespace: "shop", quota: "something_new", used: 0, limit: 1 },
    ]);
    expect(rows.map((row) => [row.first ? row.namespace : "", row.words, row.full])).toEqual([
      ["all others", "Running at once", false],
      ["shop", "Starts per minute", true],
      ["", "Running at once", false],
      ["", "something new", false],
    ]);
  });
});
