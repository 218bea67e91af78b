import { expect, it } from "vitest";
import type { ExecutionLine } from "@/api/types";
import { heard, withCorrelation, withIds } from "@/parts/useLines";

const line = (id: string, startDate: string, current = "RUNNING") => ({ id, state: { current, startDate } }) as unknown as ExecutionLine;
const event = (name: string, data: unknown) => ({ name, id: 1, data });

it("shows a snapshot with the oldest first", () => {
  expect(heard(null, event("snapshot", { results: [line("b", "2"), line("a", "1")] }))?.map(({ id }) => id)).toEqual(["a", "b"]);
});

it("takes what changed, came and went", () => {
  const before = [line("a", "1"), line("b", "2")];
  const after = heard(before, event("changes", { changed: [line("a", "1", "SUCCESS"), line("c", "3")], gone: ["b"], more: 0 }));
  expect(after?.map(({ id, state }) => `${id} ${state.current}`)).toEqual(["a SUCCESS", "c RUNNING"]);
});

it("keeps what it has when a frame says nothing of executions", () => {
  const before = [line("a", "1")];
  expect(heard(before, event("reset", {}))).toBe(before);
});

it("asks for the same executions by one address, whatever their order", () => {
  expect(withIds(["b", "a"])).toBe(withIds(["a", "b"]));
  expect(withIds([])).toBeNull();
  expect(withCorrelation(undefined)).toBeNull();
});
