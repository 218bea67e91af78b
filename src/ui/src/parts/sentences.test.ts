import { expect, it } from "vitest";
import { partsOf } from "@/parts/sentences";

it("finds names and instants in a sentence, and keeps all its words", () => {
  expect(
    partsOf("it waits for placed on `orders.placed` until 2026-11-21T22:58:43.426705Z.").map(({ kind, text }) => [kind, text]),
  ).toEqual([
    ["words", "it waits for placed on "],
    ["code", "orders.placed"],
    ["words", " until "],
    ["instant", "2026-11-21T22:58:43.426705Z"],
    ["words", "."],
  ]);
  expect(partsOf("plain")).toEqual([{ kind: "words", text: "plain", at: 0 }]);
  expect(partsOf("an open ` backtick")).toHaveLength(1);
  expect(partsOf("")).toEqual([]);
});
