import { describe, expect, it } from "vitest";
import { type BackfillForm, bodyOf, commandOf, EMPTY, previewText, problemsOf, shareOf } from "@/pages/triggers/backfill";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const form = (more: Partial<BackfillForm> = {}): BackfillForm => ({ ...EMPTY, start: "2026-11-20T00:00:00Z", ...more });
const INPUTS = [
  { id: "region", type: "STRING" },
  { id: "count", type: "INT" },
  { id: "dry", type: "BOOLEAN" },
  { id: "more", type: "JSON" },
];

describe("a form for a backfill", () => {
  it("can be sent with a start alone", () => {
    expect(problemsOf(form(), [], NOW)).toEqual({});
    expect(bodyOf(form(), [])).toEqual({ start: "2026-11-20T00:00:00Z" });
  });

  it("needs a start that is past", () => {
    expect(problemsOf(EMPTY, [], NOW).start).toBeDefined();
    expect(problemsOf(form({ start: "2026-11-22T00:00:00Z" }), [], NOW).start).toContain("past");
  });

  it("ends after it starts", () => {
    expect(problemsOf(form({ end: "2026-11-19T00:00:00Z" }), [], NOW).end).toBeDefined();
    expect(problemsOf(form({ end: "2026-11-20T00:00:00Z" }), [], NOW).end).toBeDefined();
    expect(problemsOf(form({ end: "2026-11-20T00:00:01Z" }), [], NOW)).toEqual({});
  });

  it("takes labels as key:value", () => {
    expect(bodyOf(form({ labels: ["team:blue", "url:http://x"] }), []).labels).toEqual({ team: "blue", url: "http://x" });
    for (const wrong of ["team", ":blue", "team:"]) expect(problemsOf(form({ labels: [wrong] }), [], NOW).labels).toContain(wrong);
  });

  it("leaves inputs that are empty to the trigger, and gives the others their type", () => {
    const inputs = { region: "7", count: "7", dry: "true", more: '{"a": 1}', stranger: "x" };
    expect(bodyOf(form({ inputs }), INPUTS).inputs).toEqual({ region: "7", count: 7, dry: true, more: { a: 1 } });
    expect(bodyOf(form({ inputs: { region: "" } }), INPUTS).inputs).toBeUndefined();
  });

  it("says which input does not fit", () => {
    const inputs = { count: "many", dry: "perhaps", more: "{" };
    expect(Object.keys(problemsOf(form({ inputs }), INPUTS, NOW))).toEqual(["inputs.count", "inputs.dry", "inputs.more"]);
  });

  it("lets an expression be anything", () => {
    const inputs = { count: "{{ trigger.date }}" };
    expect(problemsOf(form({ inputs }), INPUTS, NOW)).toEqual({});
    expect(bodyOf(form({ inputs }), INPUTS).inputs).toEqual(inputs);
  });

  it("is written as a command for a shell", () => {
    const body = bodyOf(form({ end: "2026-11-21T00:00:00Z", inputs: { region: "it's" }, labels: ["team:blue"], paused: true }), INPUTS);
    expect(commandOf("shop.report", "nightly", body)).toBe(
      "onbeat backfill shop.report nightly --start 2026-11-20T00:00:00Z --end 2026-11-21T00:00:00Z -i 'region=it'\\''s' --label 'team=blue' --pause",
    );
  });
});

it("says how much a preview would run", () => {
  expect(previewText(0)).toContain("No time");
  expect(previewText(1)).toContain("1 execution,");
  expect(previewText(1440)).toMatch(/1.?440 executions/);
});

it("knows how far it has come", () => {
  expect(shareOf({ runs: 3, total: 4 })).toBe(0.75);
  expect(shareOf({ runs: 0, total: 0 })).toBe(0);
  expect(shareOf({ runs: 9, total: 4 })).toBe(1);
});
