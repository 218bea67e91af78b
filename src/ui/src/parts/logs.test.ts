import { describe, expect, it } from "vitest";
import { atLeast, found, joined, type LogEntry, pieces } from "@/parts/logs";

const line = (seq: number, message: string, level: LogEntry["level"] = "INFO"): LogEntry => ({
  seq,
  at: seq,
  level,
  task: "make",
  run: "r-1",
  attempt: 0,
  message,
});

describe("logs", () => {
  it("keeps a level and worse ones", () => {
    const lines = [line(1, "a", "TRACE"), line(2, "b", "WARN"), line(3, "c", "ERROR")];
    expect(atLeast(lines, "WARN").map((each) => each.seq)).toEqual([2, 3]);
    expect(atLeast(lines, undefined)).toBe(lines);
  });

  it("finds text whatever its case, also across colour codes", () => {
    const lines = [line(1, "Disk FULL"), line(2, "ok"), line(3, "\u001b[31mful\u001b[0ml"), line(4, "x")];
    expect(found(lines, "full")).toEqual([0, 2]);
    expect(found(lines, "")).toEqual([]);
    expect(found(lines, "MAKE")).toEqual([0, 1, 2, 3]);
  });

  it("cuts a text so that every second piece is a hit, and loses nothing", () => {
    expect(pieces("aXbxc", "x")).toEqual(["a", "X", "b", "x", "c"]);
    expect(pieces("xx", "x")).toEqual(["", "x", "", "x", ""]);
    expect(pieces("İstanbul x", "x").join("")).toBe("İstanbul x");
    expect(pieces("<img>", "")).toEqual(["<img>"]);
  });

  it("joins pages and live lines without telling one twice", () => {
    const lines = [line(1, "a"), line(2, "b")];
    expect(joined(lines, [line(2, "b"), line(3, "c")]).map((each) => each.seq)).toEqual([1, 2, 3]);
    expect(joined(lines, [line(2, "b")])).toBe(lines);
  });

  it("looks through 100,000 lines in one go", () => {
    const many = Array.from({ length: 100_000 }, (_, n) => line(n, `line ${n} of the loud one`));
    expect(found(many, "line 99999")).toEqual([99_999]);
  });
});
