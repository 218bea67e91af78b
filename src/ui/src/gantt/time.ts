/** The time axis: what of it is in sight, how it is zoomed, where its ticks are. Pure; milliseconds since 1970. */
import { durationText } from "@/parts/time";

/** The part of time that is in sight. */
export interface Span {
  from: number;
  to: number;
}

export interface Tick {
  at: number;
  label: string;
}

const SHORTEST = 0.02;
const GROWTH = 1.3;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[0.001, 0.01, 0.1, 1, 10, 100].flatMap((ten) => [ten, 2 * ten, 5 * ten]),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * DAY),
];

/**
 * All of an execution's time. While it runs the end is ahead of now, and moves in steps that grow with it: bars grow into the free space
 * instead of everything else shrinking each second.
 */
export function whole(start: number, end: number | null, now: number): Span {
  if (end !== null) return { from: start, to: Math.max(end, start + 0.1) };
  let length = 5 * SECOND;
  while (length < (now - start) * 1.05) length *= GROWTH;
  return { from: start, to: start + length };
}

/** Zoomed about an instant that keeps its place; never out of what there is. */
export function zoomed(span: Span, factor: number, about: number, all: Span): Span {
  const length = Math.min(Math.max((span.to - span.from) * factor, SHORTEST), all.to - all.from);
  const part = (about - span.from) / (span.to - span.from);
  return within({ from: about - part * length, to: about + (1 - part) * length }, all);
}

/** Moved by a part of its own length. */
export function moved(span: Span, part: number, all: Span): Span {
  const by = part * (span.to - span.from);
  return within({ from: span.from + by, to: span.to + by }, all);
}

function within({ from, to }: Span, all: Span): Span {
  const length = to - from;
  if (length >= all.to - all.from) return all;
  if (from < all.from) return { from: all.from, to: all.from + length };
  return to > all.to ? { from: all.to - length, to: all.to } : { from, to };
}

/** Ticks at round distances from `zero`, at most `most` of them. */
export function ticks(span: Span, zero: number, most: number): Tick[] {
  const length = span.to - span.from;
  const step = STEPS.find((each) => length / each <= Math.max(1, most)) ?? STEPS.at(-1) ?? DAY;
  const made: Tick[] = [];
  for (let n = Math.ceil((span.from - zero) / step - 1e-9); zero + n * step <= span.to + 1e-9; n += 1) {
    made.push({ at: zero + n * step, label: tickText(n * step) });
  }
  return made;
}

/** 0, 250 ms, 1.5 s, 2 m 30 s, 3 h, 2 d. */
export function tickText(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1) return `${Number((ms * 1000).toFixed(0))} µs`;
  if (ms < SECOND) return `${Number(ms.toFixed(3))} ms`;
  if (ms < MINUTE) return `${Number((ms / SECOND).toFixed(6))} s`;
  return durationText(ms).replace(/ 00 [smh]$/, "");
}

/** From here on (of what is in sight) a label stands before its tick: behind it there is no room. */
export const LATE = 0.88;

/** Those ticks whose labels do not run into the next one's; apart: how long a label is, of what is in sight. */
export function spaced(all: readonly Tick[], span: Span, apart: number): Tick[] {
  const kept: Tick[] = [];
  for (const tick of all.toReversed()) {
    const next = kept.at(-1);
    const place = next === undefined ? 0 : placeOf(next.at, span);
    const free = place - placeOf(tick.at, span) - (place > LATE ? apart : 0);
    if (next === undefined || free >= apart) kept.push(tick);
  }
  return kept.reverse();
}

/** Where an instant is in what is in sight: 0 at its left, 1 at its right end. */
export const placeOf = (at: number, { from, to }: Span): number => (at - from) / (to - from);
