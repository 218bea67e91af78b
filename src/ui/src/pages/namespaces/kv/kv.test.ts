import { describe, expect, it } from "vitest";
import { bodyOf, textOf, ttlOf, type ValueType, wrongDescription, wrongKey } from "@/pages/namespaces/kv/kv";

describe("a value in a form", () => {
  it.each<[ValueType, string, string]>([
    ["STRING", "blue", '"blue"'],
    ["STRING", "42", '"42"'],
    ["STRING", "true", '"true"'],
    ["STRING", '"quoted" \n and two lines', '"\\"quoted\\" \\n and two lines"'],
    ["STRING", "", '""'],
    ["STRING", " spaces stay ", '" spaces stay "'],
    ["NUMBER", " 42 ", "42"],
    ["NUMBER", "-1.5e3", "-1.5e3"],
    ["NUMBER", "12345678901234567890.123456789", "12345678901234567890.123456789"],
    ["BOOLEAN", "false", "false"],
    ["DATE", "2026-11-21", "2026-11-21"],
    ["DATETIME", "2026-11-21T09:30:00+02:00", "2026-11-21T09:30:00+02:00"],
    ["DURATION", "PT1H30M", '"PT1H30M"'],
    ["JSON", '{"a": 1}', '{"a": 1}'],
    ["JSON", "[1, 2]", "[1, 2]"],
  ])("of %s, %j, is sent as %s", (type, text, body) => {
    expect(bodyOf(type, text)).toEqual({ body });
  });

  it.each<[ValueType, string]>([
    ["STRING", "PT5M"],
    ["NUMBER", "4,2"],
    ["NUMBER", "0x10"],
    ["NUMBER", "01"],
    ["NUMBER", "NaN"],
    ["NUMBER", ""],
    ["BOOLEAN", "yes"],
    ["DATE", "21.11.2026"],
    ["DATE", "2026-13-01"],
    ["DATETIME", "2026-11-21"],
    ["DURATION", "5 minutes"],
    ["DURATION", "P"],
    ["DURATION", "PT"],
    ["JSON", "{a: 1}"],
    ["JSON", '"text"'],
    ["JSON", "3"],
  ])("of %s cannot be %j", (type, text) => {
    expect(bodyOf(type, text).wrong).toBeTruthy();
  });

  it("is shown as it can be sent again", () => {
    expect(textOf("STRING", "a\nb")).toBe("a\nb");
    expect(textOf("NUMBER", 42)).toBe("42");
    expect(textOf("BOOLEAN", false)).toBe("false");
    expect(JSON.parse(textOf("JSON", { a: [1, null] }))).toEqual({ a: [1, null] });
    expect(textOf("JSON", null)).toBe("null");
  });
});

describe("how long it is kept", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  it("is for ever, as long as before, or a duration", () => {
    expect(ttlOf({ kind: "never" }, now)).toEqual({ ttl: null });
    expect(ttlOf({ kind: "keep", until: now + 90_500 }, now)).toEqual({ ttl: "PT91S" });
    expect(ttlOf({ kind: "for", duration: " p1d " }, now)).toEqual({ ttl: "P1D" });
  });
  it("is never nothing", () => {
    expect(ttlOf({ kind: "keep", until: now - 1 }, now).wrong).toBeTruthy();
    expect(ttlOf({ kind: "for", duration: "PT0S" }, now).wrong).toBeTruthy();
    expect(ttlOf({ kind: "for", duration: "a day" }, now).wrong).toBeTruthy();
  });
});

describe("keys and descriptions", () => {
  it("are what the server takes", () => {
    expect(wrongKey("last.run-1_x")).toBeNull();
    expect(wrongKey("")).not.toBeNull();
    expect(wrongKey("_x")).not.toBeNull();
    expect(wrongKey("a b")).not.toBeNull();
    expect(wrongDescription("café, for ever")).toBeNull();
    expect(wrongDescription("a\nb")).not.toBeNull();
    expect(wrongDescription("→")).not.toBeNull();
  });
});
