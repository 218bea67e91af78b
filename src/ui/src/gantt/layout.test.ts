import { describe, expect, it } from "vitest";
import type { StateName } from "@/api/types";
import { barsOf } from "@/gantt/bars";
import { countStates, rowsOf, tallyText, together, treeOf, wayTo } from "@/gantt/layout";
import { instant, type Run, runOf } from "@/gantt/runs";

const run = (n: number, task: string, more: Partial<Run> = {}): Run => ({
  id: `e-${n}`,
  n,
  task,
  parent: null,
  value: null,
  iteration: null,
  state: "SUCCESS",
  start: n,
  end: n + 1,
  history: [],
  attempts: [],
  error: null,
  outputs: {},
  ...more,
});
const mapOf = (...runs: Run[]) => new Map(runs.map((each) => [each.id, each]));
const shown = (runs: ReadonlyMap<string, Run>, open: [string, boolean][] = [], states?: StateName[]) =>
  rowsOf(treeOf(runs), { open: new Map(open), ...(states ? { states: new Set(states) } : {}) });
const said = (rows: ReturnType<typeof shown>) =>
  rows.map((row) => `${"  ".repeat(row.depth)}${row.label}${row.value === null ? "" : ` ${row.value}`}`);
const loop = (values: number, tasks: string[], state: (value: number) => StateName = () => "SUCCESS") =>
  mapOf(
    run(1, "each"),
    ...Array.from({ length: values }, (_, value) =>
      tasks.map((task, place) =>
        run(2 + value * tasks.length + place, task, { parent: "e-1", value: `v${value}`, iteration: value, state: state(value) }),
      ),
    ).flat(),
  );

describe("rows", () => {
  it("nests runs in their parents, in the order in which they began", () => {
    const runs = mapOf(run(3, "b", { parent: "e-1" }), run(1, "outer"), run(2, "a", { parent: "e-1" }), run(4, "last"));
    expect(said(shown(runs))).toEqual(["outer", "  a", "  b", "last"]);
  });

  it("shows a run whose parent is not known at the top", () => {
    expect(said(shown(mapOf(run(2, "lost", { parent: "e-99" }))))).toEqual(["lost"]);
  });

  it("closes what the reader closed", () => {
    const runs = mapOf(run(1, "outer"), run(2, "a", { parent: "e-1" }));
    const [outer, ...rest] = shown(runs, [["e-1", false]]);
    expect(outer).toMatchObject({ opens: true, opened: false });
    expect(rest).toEqual([]);
  });

  it("shows the values of a loop with one task as its runs", () => {
    expect(said(shown(loop(2, ["price"])))).toEqual(["each", "  price v0", "  price v1"]);
  });

  it("makes a row of each value of a loop with several tasks", () => {
    expect(said(shown(loop(2, ["price", "note"])))).toEqual([
      "each",
      "  value v0",
      "    price v0",
      "    note v0",
      "  value v1",
      "    price v1",
      "    note v1",
    ]);
  });

  it("closes a loop with many values and says what became of them", () => {
    const rows = shown(loop(200, ["price", "note"], (value) => (value < 3 ? "FAILED" : value === 7 ? "RUNNING" : "SUCCESS")));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.tally && tallyText(rows[0].tally)).toBe("200 values, 3 failed, 1 running");
  });

  it("opens the values of a large loop closed, each where it is asked for", () => {
    const runs = loop(200, ["price", "note"]);
    expect(shown(runs, [["e-1", true]])).toHaveLength(201);
    const rows = shown(runs, [
      ["e-1", true],
      ["e-1#5", true],
    ]);
    expect(said(rows).slice(5, 10)).toEqual(["  value v4", "  value v5", "    price v5", "    note v5", "  value v6"]);
  });

  it("does not take what is nested in a value for a loop of its own", () => {
    const runs = mapOf(
      run(1, "each"),
      ...[0, 1].flatMap((value) => [
        run(2 + value * 2, "choose", { parent: "e-1", value: `${value}`, iteration: value }),
        run(3 + value * 2, "yes", { parent: `e-${2 + value * 2}`, value: `${value}`, iteration: value }),
      ]),
    );
    expect(said(shown(runs))).toEqual(["each", "  choose 0", "    yes 0", "  choose 1", "    yes 1"]);
  });

  it("keeps with a filter what matches and what is around it, open", () => {
    const rows = shown(
      loop(200, ["price", "note"], (value) => (value === 150 ? "FAILED" : "SUCCESS")),
      [],
      ["FAILED"],
    );
    expect(said(rows)).toEqual(["each", "  value v150", "    price v150", "    note v150"]);
  });

  it("finds the way to a run that is out of sight", () => {
    expect(wayTo(loop(200, ["price", "note"]), "e-12")).toEqual(["e-1", "e-1#5"]);
    expect(wayTo(mapOf(run(1, "a")), "e-1")).toEqual([]);
    expect(wayTo(mapOf(), "gone")).toEqual([]);
  });

  it("says of several states the one that tells most", () => {
    expect(together([run(1, "a"), run(2, "b", { state: "RUNNING" }), run(3, "c", { state: "FAILED" })])).toBe("FAILED");
    expect(together([run(1, "a", { state: "SKIPPED" })])).toBe("SUCCESS");
  });

  it("counts states, the worst first", () => {
    expect(countStates(loop(3, ["a"], (value) => (value === 1 ? "FAILED" : "SUCCESS")))).toEqual([
      ["FAILED", 1],
      ["SUCCESS", 3],
    ]);
  });

  it("lays out 10,000 values in one go", () => {
    const runs = loop(10_000, ["price"]);
    expect(shown(runs, [["e-1", true]])).toHaveLength(10_001);
  });
});

describe("bars", () => {
  const history = (...states: [StateName, number][]) => states.map(([state, at]) => ({ state, at }));

  it("makes one of each try, and of the time between", () => {
    const bars = barsOf({
      state: "SUCCESS",
      end: 9,
      history: history(["CREATED", 0], ["RUNNING", 1], ["RETRYING", 2], ["CREATED", 4], ["RUNNING", 5], ["SUCCESS", 9]),
    });
    expect(bars.map((bar) => [bar.kind, bar.family, bar.from, bar.to, bar.attempt])).toEqual([
      ["waiting", "waiting", 0, 1, 0],
      ["running", "failed", 1, 2, 1],
      ["waiting", "waiting", 2, 4, 0],
      ["waiting", "waiting", 4, 5, 0],
      ["running", "success", 5, 9, 2],
    ]);
  });

  it("leaves open what goes on", () => {
    expect(barsOf({ state: "RUNNING", end: null, history: history(["CREATED", 0], ["RUNNING", 0]) })).toEqual([
      { from: 0, to: null, kind: "running", family: "running", attempt: 1 },
    ]);
    expect(barsOf({ state: "PAUSED", end: null, history: history(["RUNNING", 0], ["PAUSED", 3]) }).at(-1)).toMatchObject({
      kind: "paused",
      to: null,
    });
  });

  it("shows what took no time, and nothing between an end and a restart", () => {
    expect(barsOf({ state: "SKIPPED", end: 5, history: history(["CREATED", 5], ["SKIPPED", 5]) })).toMatchObject([{ from: 5, to: 5 }]);
    const bars = barsOf({ state: "SUCCESS", end: 9, history: history(["RUNNING", 0], ["FAILED", 1], ["RUNNING", 8], ["SUCCESS", 9]) });
    expect(bars.map((bar) => [bar.from, bar.to, bar.family])).toEqual([
      [0, 1, "failed"],
      [8, 9, "success"],
    ]);
  });
});

describe("runs", () => {
  it("reads instants to the microsecond", () => {
    expect(instant("2026-11-21T21:58:36.073637Z")).toBeCloseTo(Date.UTC(2026, 10, 21, 21, 58, 36, 73) + 0.637, 3);
    expect(instant("2026-11-21T21:58:36Z")).toBe(Date.UTC(2026, 10, 21, 21, 58, 36));
    expect(instant("2026-11-21T21:58:36+01:00")).toBe(Date.UTC(2026, 10, 21, 20, 58, 36));
  });

  it("takes of a task run what differs from the others", () => {
    const state = { current: "SUCCESS" as const, histories: [], startDate: "2026-11-21T21:58:36Z", endDate: "2026-11-21T21:58:37Z" };
    const made = runOf({ id: "abc-12", executionId: "abc", namespace: "n", flowId: "f", taskId: "t", state, outputs: {} });
    expect(made).toMatchObject({ n: 12, task: "t", parent: null, value: null, end: Date.UTC(2026, 10, 21, 21, 58, 37) });
  });
});
