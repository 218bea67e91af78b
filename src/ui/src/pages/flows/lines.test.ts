import { describe, expect, it } from "vitest";
import type { ExecutionLine, Flow } from "@/api/types";
import { markedOf } from "@/pages/flows/found";
import { barsOf, firstLine, keyOf, listed, nameOf, notSaved, ratioOf, ratioText } from "@/pages/flows/lines";
import { flowsQuery, flowsSearch, isFiltered } from "@/pages/flows/search";

const flow = (namespace: string, id: string, disabled = false) => ({ namespace, id, disabled }) as Flow;

describe("the address of the list", () => {
  it("is read as far as it has a meaning", () => {
    expect(flowsSearch({ q: "log", namespace: "a.b", labels: ["team:blue", "nonsense"], in: "source", disabled: "true" })).toEqual({
      q: "log",
      namespace: "a.b",
      labels: ["team:blue"],
      in: "source",
      disabled: "true",
    });
    expect(flowsSearch({ q: ["", "last"], in: "elsewhere", disabled: "maybe", state: "FAILED" })).toEqual({ q: "last" });
  });

  it("asks the API for what is filtered, and for many", () => {
    expect(flowsQuery(flowsSearch({ namespace: "a", in: "source" }))).toEqual({ namespace: "a", size: 1000 });
  });

  it("knows whether anything is filtered", () => {
    expect(isFiltered({})).toBe(false);
    expect(isFiltered({ in: "source" })).toBe(false);
    expect(isFiltered({ disabled: "true" })).toBe(true);
  });
});

describe("the rows", () => {
  it("are in the order of namespaces, then ids", () => {
    const flows = [flow("b", "a"), flow("a", "z"), flow("a", "b", true)];
    expect(listed(flows).map(keyOf)).toEqual(["a/b", "a/z", "b/a"]);
    expect(listed(flows, "true").map(keyOf)).toEqual(["a/b"]);
    expect(listed(flows, "false").map(keyOf)).toEqual(["a/z", "b/a"]);
  });

  it("have keys that lead back", () => {
    expect(nameOf(keyOf({ namespace: "a.b-c", id: "d_e" }))).toEqual({ namespace: "a.b-c", id: "d_e" });
  });

  it("say what a flow does in one line without markdown", () => {
    expect(firstLine("# Every **construct**, see [the guide](https://x.y)\n\nmore")).toBe("Every construct, see the guide");
    expect(firstLine(null)).toBe("");
  });

  it("have runs as bars, the newest right", () => {
    const line = (id: string, current: string, duration: string | null) => ({ id, state: { current, duration } }) as ExecutionLine;
    expect(barsOf([line("2", "RUNNING", null), line("1", "FAILED", "PT1.5S")])).toEqual([
      { id: "1", state: "FAILED", durationMs: 1500 },
      { id: "2", state: "RUNNING", durationMs: null },
    ]);
  });
});

describe("the part that did well", () => {
  const of = (...days: Record<string, number>[]) =>
    ratioOf({ a: { b: days.map((executionCounts) => ({ executionCounts })) } }, flow("a", "b"));
  it("counts what has ended", () => {
    expect(of({ SUCCESS: 2, RUNNING: 5 }, { FAILED: 1, WARNING: 1 })).toEqual({ good: 3, ended: 4 });
    expect(of({ RUNNING: 1 }, {})).toBeNull();
    expect(ratioOf(undefined, flow("a", "b"))).toBeNull();
  });
  it("says all or none only where it is so", () => {
    expect(ratioText({ good: 999, ended: 1000 })).toBe("99 %");
    expect(ratioText({ good: 1, ended: 1000 })).toBe("1 %");
    expect(ratioText({ good: 3, ended: 3 })).toBe("100 %");
    expect(ratioText({ good: 0, ended: 3 })).toBe("0 %");
  });
});

describe("what was found in a text", () => {
  it("is marked in its line, without the indentation", () => {
    expect(markedOf({ line: 5, column: 16, snippet: "    type: core.log.Log" }, "log.log")).toEqual({
      line: 5,
      before: "type: core.",
      hit: "log.Log",
      after: "",
    });
  });
  it("is marked in a long line, of which the server gives a part", () => {
    const snippet = `${"x".repeat(100)}hit${"y".repeat(97)}`;
    expect(markedOf({ line: 1, column: 301, snippet }, "hit").hit).toBe("hit");
  });
  it("is marked where only the indentation was looked for", () => {
    expect(markedOf({ line: 1, column: 1, snippet: "  a: b" }, "  ")).toEqual({ line: 1, before: "", hit: "  ", after: "a: b" });
  });
});

describe("what was not saved of a file", () => {
  it("is named by its file in an archive, by its place in a text", () => {
    expect(notSaved(["bad.yaml"], "all.zip")).toBe("Not saved: bad.yaml");
    expect(notSaved(["0", "2"], "all.yaml")).toBe("Not saved: flow 1 of all.yaml and 1 more");
  });
});
