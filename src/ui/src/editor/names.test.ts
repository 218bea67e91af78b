import { expect, it } from "vitest";
import { draftOf, keepDraft } from "@/editor/draft";
import { namesIn, openExpression } from "@/editor/names";
import { linesOf } from "@/editor/path";
import { problemsOf } from "@/editor/problems";
import { refusal } from "@/editor/save";
import { smallest } from "@/editor/useCodeMirror";

it("finds what an expression can name, in a broken text, too", () => {
  const text = `id: a
inputs:
  - id: total
    type: INT
variables:
  rate: 3
  map:
    inner: 1
tasks:
  - id: each
    type: core.flow.ForEach
    tasks:
      - type: core.log.Log
        id: say
        message: "{{ outputs.
triggers:
  - id: hook
    type: core.trigger.Webhook
`;
  expect(namesIn(linesOf(text))).toEqual({
    inputs: ["total"],
    variables: ["rate", "map"],
    tasks: [
      { id: "each", type: "core.flow.ForEach" },
      { id: "say", type: "core.log.Log" },
    ],
    triggers: [{ id: "hook", type: "core.trigger.Webhook" }],
  });
});

it("knows the expression that is being written", () => {
  expect(openExpression('message: "{{ inputs.')).toBe(" inputs.");
  expect(openExpression('message: "{{ a }} and ')).toBeNull();
  expect(openExpression("plain")).toBeNull();
});

it("reads the places of problems", () => {
  expect(problemsOf("4:5: unknown key `a`\n  did you mean `b`?\n6:1: other")).toEqual([
    { line: 4, column: 5, message: "unknown key `a`\ndid you mean `b`?", severity: "error" },
    { line: 6, column: 1, message: "other", severity: "error" },
  ]);
  expect(problemsOf("nothing in the text", "warning")).toEqual([
    { line: 1, column: 1, message: "nothing in the text", severity: "warning" },
  ]);
  expect(problemsOf(null)).toEqual([]);
});

it("knows what a refusal of a save means", () => {
  expect(refusal({ status: 409, detail: "revision 3 of flow a.b was edited, and the newest one is 5\n--- a" })).toBe("stale");
  expect(refusal({ status: 409, detail: "/f/a.yaml cannot be written: Read-only file system; change it there\n--- a\n+++ b\n" })).toEqual({
    why: "/f/a.yaml cannot be written: Read-only file system; change it there",
    difference: "--- a\n+++ b",
  });
  expect(refusal({ status: 409, detail: "flow a.b is in 2 files" })).toBeNull();
  expect(refusal({ status: 422, detail: "revision 3 of flow a was edited" })).toBeNull();
});

it("keeps a draft by flow, and does without storage", () => {
  const flow = { namespace: "a", id: "b" };
  keepDraft(flow, { text: "id: b", revision: 2 });
  expect(draftOf(flow)).toEqual({ text: "id: b", revision: 2 });
  expect(draftOf(null)).toBeNull();
  keepDraft(flow, null);
  expect(draftOf(flow)).toBeNull();
  const none = () => {
    throw new Error("no storage");
  };
  keepDraft(flow, { text: "", revision: 1 }, none);
  expect(draftOf(flow, none)).toBeNull();
});

it("finds the one piece in which two texts differ", () => {
  expect(smallest("abcd", "abXcd")).toEqual({ from: 2, to: 2, insert: "X" });
  expect(smallest("aaa", "aa")).toEqual({ from: 2, to: 3, insert: "" });
  expect(smallest("a", "a")).toBeNull();
});
