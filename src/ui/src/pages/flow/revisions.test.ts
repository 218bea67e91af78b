import { describe, expect, it } from "vitest";
import type { FlowWithSource } from "@/api/types";
import { changed, compared, revisionsOf } from "@/pages/flow/revisions";
import { flowSearch } from "@/pages/flow/search";

const saved = (revision: number, source: string, updated = `2026-11-21T10:0${revision}:00.000Z`) =>
  ({ revision, source, updated }) as FlowWithSource;
const three = [saved(2, "a\nb\n"), saved(1, "a\n"), saved(3, "b\nc\nd\n")];

describe("revisions", () => {
  it("are listed newest first, whatever order they come in", () => {
    expect(revisionsOf(three).map((each) => each.number)).toEqual([3, 2, 1]);
  });

  it("say how many lines came and went since the one before", () => {
    expect(revisionsOf(three).map(({ added, removed }) => [added, removed])).toEqual([
      [2, 1],
      [1, 0],
      [1, 0],
    ]);
  });

  it("name who saved them, where the audit log has the save", () => {
    const saves = [
      { who: "ada", after: { revision: 2, source: "" } },
      { who: "grace", after: null },
    ];
    expect(revisionsOf(three, saves).map((each) => each.who)).toEqual([null, "ada", null]);
  });

  it("keep one whose text is gone", () => {
    expect(revisionsOf([{ revision: 1, updated: "", source: null, exception: "broken" } as FlowWithSource])[0]).toMatchObject({
      source: "",
      broken: "broken",
    });
  });
});

describe("lines that changed", () => {
  it("count a line as often as it is there, and none that moved", () => {
    expect(changed("a\na\nb\n", "b\na\n")).toEqual({ added: 0, removed: 1 });
    expect(changed("", "a")).toEqual({ added: 1, removed: 0 });
    expect(changed("a", "a\n")).toEqual({ added: 0, removed: 0 });
  });
});

describe("the two that are compared", () => {
  const revisions = revisionsOf(three);
  const numbers = (before?: string, after?: string) => {
    const found = compared(revisions, before, after);
    return found && [found.before?.number ?? null, found.after.number];
  };
  it("are the newest and the one before it", () => expect(numbers()).toEqual([2, 3]));
  it("are those that the address names", () => expect(numbers("3", "1")).toEqual([3, 1]));
  it("are a chosen one and the one before it", () => expect(numbers(undefined, "2")).toEqual([1, 2]));
  it("are the first one and nothing", () => expect(numbers(undefined, "1")).toEqual([null, 1]));
  it("are the newest where the address names none that there is", () => expect(numbers("9", "x")).toEqual([2, 3]));
  it("are none where there is none", () => expect(compared([])).toBeNull());
});

describe("the address of a flow", () => {
  it("is read as far as it has a meaning", () => {
    expect(flowSearch({ tab: "runs", task: "a", run: "form", range: "P7D", all: "true" })).toMatchObject({
      tab: "runs",
      task: "a",
      run: "form",
    });
    expect(flowSearch({ tab: "nowhere", run: "1", range: "P9D", aggregation: "median" })).toEqual({});
  });
});
