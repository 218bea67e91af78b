import { describe, expect, it } from "vitest";
import { BULK, bulkCall, bulkCommands, countText, firstOf, NO_CHOICES, type Target, takers } from "@/pages/executions/bulk";

const ids = { kind: "ids", ids: ["a", "b"] } as const;
const query: Target = { kind: "query", filter: { state: ["FAILED"], q: "x y" }, total: 7 };

describe("a change of many", () => {
  it("names those that were chosen", () => {
    expect(bulkCall("kill", ids, NO_CHOICES, false)).toEqual({ method: "DELETE", path: "/executions/kill/by-ids", body: ["a", "b"] });
    expect(bulkCall("delete", ids, { ...NO_CHOICES, running: true }, true).path).toBe(
      "/executions/by-ids?includeNonTerminated=true&dryRun=true",
    );
  });

  it("asks by the filter that is shown", () => {
    expect(bulkCall("restart", query, NO_CHOICES, true)).toEqual({
      method: "POST",
      path: "/executions/restart/by-query?state=FAILED&q=x+y&dryRun=true",
      body: undefined,
    });
  });

  it("says `all` only where nothing is asked", () => {
    expect(bulkCall("pause", { kind: "query", filter: {}, total: 3 }, NO_CHOICES, false).path).toBe("/executions/pause/by-query?all=true");
    expect(bulkCall("pause", query, NO_CHOICES, false).path).not.toContain("all=");
  });

  it("has what was chosen for it", () => {
    const labels = { ...NO_CHOICES, labels: ["team:blue", "url:http://x"] };
    const made = [
      { key: "team", value: "blue" },
      { key: "url", value: "http://x" },
    ];
    expect(bulkCall("labels", ids, labels, false).body).toEqual({ executionsId: ["a", "b"], executionLabels: made });
    expect(bulkCall("labels", query, labels, false).body).toEqual(made);
    expect(bulkCall("change-status", ids, { ...NO_CHOICES, state: "KILLED" }, false).path).toContain("newStatus=KILLED");
    expect(bulkCall("replay", ids, { ...NO_CHOICES, latestRevision: true }, false).path).toContain("latestRevision=true");
  });

  it("is the same by commands, where there are some", () => {
    expect(bulkCommands("kill", ids, NO_CHOICES)).toBe("onbeat executions kill a\nonbeat executions kill b");
    expect(bulkCommands("labels", ids, NO_CHOICES)).toBeUndefined();
    expect(bulkCommands("kill", query, NO_CHOICES)).toBeUndefined();
  });

  it("leaves out those that cannot take it", () => {
    const states = new Map([
      ["a", "SUCCESS"],
      ["b", "RUNNING"],
    ] as const);
    expect(takers("kill", ["a", "b", "unknown"], states, NO_CHOICES)).toEqual(["b", "unknown"]);
    expect(takers("delete", ["a", "b"], states, NO_CHOICES)).toEqual(["a"]);
    expect(takers("delete", ["a", "b"], states, { ...NO_CHOICES, running: true })).toEqual(["a", "b"]);
    expect(takers("replay", ["a", "b"], states, NO_CHOICES)).toEqual(["a", "b"]);
  });

  it("offers first what fits", () => {
    expect(firstOf(["PAUSED"]).map((each) => each.name)).toEqual(["resume", "kill", "replay"]);
    expect(firstOf(["FAILED"]).map((each) => each.name)).toEqual(["restart", "replay"]);
    expect(firstOf(["RUNNING", "FAILED"]).map((each) => each.name)).toEqual(["restart", "replay", "kill"]);
  });

  it("says what happens, each of them", () => {
    expect(new Set(BULK.map((each) => each.name)).size).toBe(BULK.length);
    expect(countText(1)).toBe("1 execution");
    expect(countText(1200)).toBe("1,200 executions");
  });
});
