import { describe, expect, it } from "vitest";
import type { ExecutionLine, StateName } from "@/api/types";
import { changes, NONE, older, type Runs, release, snapshot, trimmed, waitingCount } from "@/parts/runs/merge";

const line = (id: string, state: StateName = "RUNNING"): ExecutionLine => ({
  id,
  namespace: "shop",
  flowId: "pay",
  flowRevision: 1,
  state: { current: state, histories: [], startDate: "2026-11-21T12:00:00Z" },
  trigger: null,
  labels: [],
  parentId: null,
  originalId: id,
  correlationId: id,
  deleted: false,
  metadata: { originalCreatedDate: "2026-11-21T12:00:00Z" },
});
const ids = (runs: Runs) => runs.rows.map((each) => each.id);
const told = (changed: ExecutionLine[], gone: string[] = [], more = 0) => ({ changed, gone, more });
const shown = (...rows: string[]) =>
  snapshot(
    NONE,
    rows.map((id) => line(id)),
    rows.length,
    false,
  );

describe("a snapshot", () => {
  it("is the list, and says whether it is whole", () => {
    expect(shown("c", "b")).toMatchObject({ total: 2, complete: true });
    expect(snapshot(NONE, [line("c")], 9, false)).toMatchObject({ total: 9, complete: false });
  });

  it("keeps older pages below it where it joins them", () => {
    const paged = older(snapshot(NONE, [line("f"), line("e")], 4, false), [line("d"), line("c")], true);
    const again = snapshot(paged, [line("g"), line("f"), line("e")], 5, false);
    expect(ids(again)).toEqual(["g", "f", "e", "d", "c"]);
    expect(again.complete).toBe(true);
  });

  it("drops older pages where something may be missing before them", () => {
    const paged = older(snapshot(NONE, [line("b")], 9, false), [line("a")], false);
    expect(ids(snapshot(paged, [line("z"), line("y")], 20, false))).toEqual(["z", "y"]);
  });

  it("moves no row while the list is held", () => {
    const again = snapshot(shown("c", "b"), [line("d"), line("b", "FAILED")], 2, true);
    expect(ids(again)).toEqual(["c", "b"]);
    expect(again.rows[1]?.state.current).toBe("FAILED");
    expect(again.waiting.map((each) => each.id)).toEqual(["d"]);
    expect([...again.gone]).toEqual(["c"]);
    expect(ids(release(again))).toEqual(["d", "b"]);
  });

  it("fills an empty list even while it is held", () => {
    expect(ids(snapshot(NONE, [line("a")], 1, true))).toEqual(["a"]);
  });

  it("that shares nothing with what is shown leaves a hole", () => {
    expect(snapshot(shown("b", "a"), [line("z"), line("y")], 50, true).hole).toBe(true);
  });
});

describe("changes", () => {
  it("come in at the top, and are counted", () => {
    const after = changes(shown("b", "a"), told([line("c")]), false);
    expect(ids(after)).toEqual(["c", "b", "a"]);
    expect(after).toMatchObject({ total: 3, unsure: false });
  });

  it("of a row that is shown apply at once, held or not", () => {
    for (const held of [true, false]) {
      const after = changes(shown("b", "a"), told([line("a", "SUCCESS")]), held);
      expect(after.rows.map((each) => each.state.current)).toEqual(["RUNNING", "SUCCESS"]);
      expect(after.total).toBe(2);
    }
  });

  it("wait while the list is held, and keep up with what becomes of them", () => {
    const one = changes(shown("b"), told([line("d"), line("c")], [], 5), true);
    expect(ids(one)).toEqual(["b"]);
    expect(waitingCount(one)).toBe(7);
    const two = changes(one, told([line("d", "FAILED")], ["c"]), true);
    expect(two.waiting.map((each) => [each.id, each.state.current])).toEqual([["d", "FAILED"]]);
    expect(ids(release(two))).toEqual(["d", "b"]);
    expect(waitingCount(release(two))).toBe(0);
  });

  it("mark what is gone while the list is held, and let it go after", () => {
    const held = changes(shown("b", "a"), told([], ["a"]), true);
    expect(ids(held)).toEqual(["b", "a"]);
    expect([...held.gone]).toEqual(["a"]);
    expect(held.total).toBe(1);
    expect(changes(held, told([], ["a"]), true).total).toBe(1);
    expect(ids(release(held))).toEqual(["b"]);
  });

  it("bring back what was gone", () => {
    const back = changes(changes(shown("b", "a"), told([], ["a"]), true), told([line("a", "RESTARTED")]), true);
    expect(back.gone.size).toBe(0);
    expect(ids(release(back))).toEqual(["b", "a"]);
  });

  it("take out what is gone at once when nobody holds the list", () => {
    expect(ids(changes(shown("b", "a"), told([], ["b", "unknown"]), false))).toEqual(["a"]);
  });

  it("put what is between rows where it belongs, and doubt the count", () => {
    const after = changes(shown("d", "b"), told([line("c")]), false);
    expect(ids(after)).toEqual(["d", "c", "b"]);
    expect(after.unsure).toBe(true);
  });

  it("leave what is older than the last row to its page", () => {
    const paged = snapshot(NONE, [line("d"), line("c")], 9, false);
    expect(ids(changes(paged, told([line("a")]), false))).toEqual(["d", "c"]);
    expect(ids(changes(shown("d", "c"), told([line("a")]), false))).toEqual(["d", "c", "a"]);
  });

  it("that are too many to tell leave a hole", () => {
    expect(changes(shown("a"), told([line("z")], [], 400), false)).toMatchObject({ hole: true, total: 402, unsure: true });
  });
});

describe("older pages", () => {
  it("go below, each row once", () => {
    const after = older(snapshot(NONE, [line("d"), line("c")], 4, false), [line("c"), line("b"), line("a")], true);
    expect(ids(after)).toEqual(["d", "c", "b", "a"]);
    expect(after.complete).toBe(true);
  });
});

describe("a busy list", () => {
  it("does not grow for ever, and has its older rows as a page", () => {
    expect(ids(trimmed(shown("d", "c", "b"), 2))).toEqual(["d", "c"]);
    expect(trimmed(shown("d", "c", "b"), 2).complete).toBe(false);
    expect(trimmed(shown("d"), 2).complete).toBe(true);
  });
});
