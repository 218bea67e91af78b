import { expect, it } from "vitest";
import { replaysText } from "@/pages/events/dead";

it("says what replays gave", () => {
  expect(replaysText([{ executions: ["a"], duplicate: false }])).toBe("1 replayed: 1 execution started.");
  expect(replaysText([{ executions: ["a", "b"], duplicate: false }, { problem: "no" }])).toBe(
    "2 replayed: 2 executions started, 1 still could not start.",
  );
});
