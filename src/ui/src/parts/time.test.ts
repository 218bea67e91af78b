import { describe, expect, it } from "vitest";
import { durationText, elapsedText, parseDuration, relativeText } from "@/parts/time";

describe("durations", () => {
  it.each([
    ["PT0.007465S", 7.465],
    ["PT1H2M3.5S", 3_723_500],
    ["P1DT2H", 93_600_000],
    ["-PT5S", -5000],
    ["PT0S", 0],
  ])("%s is %d ms", (text, ms) => expect(parseDuration(text)).toBeCloseTo(ms, 6));

  it.each(["", "5 s", "P1Y", "PTS1"])("%j is none", (text) => expect(parseDuration(text)).toBeNaN());

  it.each([
    [0, "0 ms"],
    [0.0004, "1 µs"],
    [0.85, "850 µs"],
    [7.465, "7.5 ms"],
    [9.96, "10 ms"],
    [999, "999 ms"],
    [1240, "1.24 s"],
    [59_900, "59.9 s"],
    [59_960, "0 m 59 s"],
    [125_000, "2 m 05 s"],
    [11_520_000, "3 h 12 m"],
    [352_800_000, "4 d 02 h"],
    [-1500, "-1.50 s"],
    [Number.NaN, "–"],
  ])("%d ms reads %s", (ms, text) => expect(durationText(ms)).toBe(text));
});

describe("what runs", () => {
  it.each([
    [-20, "0 s"],
    [7_900, "7 s"],
    [59_999, "59 s"],
    [61_500, "1 m 01 s"],
  ])("for %d ms reads %s", (ms, text) => expect(elapsedText(ms)).toBe(text));
});

describe("relative times", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  it.each([
    [0, "just now"],
    [12_000, "12 s ago"],
    [300_000, "5 m ago"],
    [7_200_000, "2 h ago"],
    [259_200_000, "3 d ago"],
    [-300_000, "in 5 m"],
  ])("%d ms before reads %s", (past, text) => expect(relativeText(now - past, now)).toBe(text));
});
