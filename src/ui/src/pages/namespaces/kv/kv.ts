/** Values of namespaces by type: as they are written in a form, and as they are sent. */
import { parseDuration } from "@/parts/time";

export const TYPES = ["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"] as const;
export type ValueType = (typeof TYPES)[number];

export const TYPE_WORDS: Record<ValueType, string> = {
  STRING: "Text",
  NUMBER: "Number",
  BOOLEAN: "Boolean",
  DATETIME: "Date and time",
  DATE: "Date",
  DURATION: "Duration",
  JSON: "JSON",
};

/** What a value of a type looks like, for an empty field. */
export const TYPE_HINTS: Record<ValueType, string> = {
  STRING: "any text",
  NUMBER: "42",
  BOOLEAN: "true",
  DATETIME: "2026-11-21T09:30:00Z",
  DATE: "2026-11-21",
  DURATION: "PT5M",
  JSON: '{"retries": 3}',
};

const KEY = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;
const DURATION = /^P(?=[^T]|T.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:[\d.]+S)?)?$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What is wrong with a key, in a sentence; null: nothing. */
export function wrongKey(key: string): string | null {
  if (!key) return "A value has a key.";
  if (key.length > 500) return "At most 500 characters.";
  return KEY.test(key) ? null : "Letters, digits, `.`, `_` and `-`, beginning with a letter or digit.";
}

/** A value as its text in the form. */
export function textOf(type: ValueType, value: unknown): string {
  if (type === "JSON") return JSON.stringify(value, null, 2) ?? "";
  return typeof value === "string" ? value : String(value ?? "");
}

const date = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
const dateTime = (text: string) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) && !Number.isNaN(Date.parse(text));

export type Body = { body: string; wrong?: undefined } | { wrong: string; body?: undefined };

/**
 * The body that keeps this text as a value of this type, or what is wrong with it.
 * The server finds types by what a body looks like; the text is sent so that it finds this one, numbers with all their digits.
 */
export function bodyOf(type: ValueType, given: string): Body {
  const text = given.trim();
  switch (type) {
    case "STRING":
      if (DURATION.test(given)) return { wrong: "A text that looks like a duration is kept as one: choose Duration." };
      return { body: JSON.stringify(given) };
    case "NUMBER":
      return NUMBER.test(text) ? { body: text } : { wrong: "Not a number. A dot separates decimals: 3.5" };
    case "BOOLEAN":
      return text === "true" || text === "false" ? { body: text } : { wrong: "true or false" };
    case "DATE":
      return date(text) ? { body: text } : { wrong: "A day is written as 2026-11-21." };
    case "DATETIME":
      return dateTime(text) ? { body: text } : { wrong: "An instant is written as 2026-11-21T09:30:00Z." };
    case "DURATION":
      return DURATION.test(text) ? { body: JSON.stringify(text) } : { wrong: "A duration is written as PT5M, PT1H30M or P2D." };
    case "JSON":
      return json(text);
  }
}

function json(text: string): Body {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object") return { body: text };
    return { wrong: "A map, a list or null. For a text, a number or a boolean choose its type." };
  } catch (thrown) {
    return { wrong: thrown instanceof Error ? thrown.message : "This is not JSON." };
  }
}

/** How long a value is kept: never ends, stays as it was, or a duration. */
export type Expiry = { kind: "never" } | { kind: "keep"; until: number } | { kind: "for"; duration: string };

/** The header `ttl`; null: none. wrong: what is wrong with it. */
export function ttlOf(expiry: Expiry, now: number): { ttl: string | null; wrong?: undefined } | { wrong: string; ttl?: undefined } {
  if (expiry.kind === "never") return { ttl: null };
  if (expiry.kind === "keep") {
    const seconds = Math.ceil((expiry.until - now) / 1000);
    return seconds > 0 ? { ttl: `PT${seconds}S` } : { wrong: "It has ended meanwhile: choose another time." };
  }
  const duration = expiry.duration.trim().toUpperCase();
  const ms = parseDuration(duration);
  return ms > 0 ? { ttl: duration } : { wrong: "A duration is written as PT5M, PT1H30M or P2D." };
}

/** Whether a text can stand in a header, where the API takes descriptions. */
export function wrongDescription(text: string): string | null {
  return /[^\x20-\x7e\xa0-\xff]/.test(text) ? "One line of Latin letters: it is sent in a header." : null;
}
