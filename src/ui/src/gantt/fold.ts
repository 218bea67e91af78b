/**
 * Long times in which nothing ran, made short: who restarts in the morning what failed at night wants to see both, not the night. Pure.
 *
 * Instants are moved to where they are drawn; the axis says where time is missing.
 */
import type { Run } from "@/gantt/runs";
import { type Span, type Tick, ticks, tickText } from "@/gantt/time";
import { ended } from "@/parts/states";

interface Piece extends Span {
  /** Where it is drawn from on. */
  at: number;
}

export interface Fold {
  /** The times in which something ran, in order. */
  pieces: readonly Piece[];
  /** Where an instant is drawn. */
  place: (at: number) => number;
}

/** Beside all the time in which something ran: what is longer is folded, and how long it is then. */
const LONG = 0.5;
const SHORT = 0.06;
const LEAST = 1000;

/** null: there is nothing to fold. until: the end, or now. */
export function foldOf(runs: Iterable<Pick<Run, "history" | "end">>, start: number, until: number): Fold | null {
  const busy = together(runs, until);
  const active = busy.reduce((sum, each) => sum + each.to - each.from, 0);
  const longest = Math.max(LEAST, active * LONG);
  const pieces: Piece[] = [];
  let at = start;
  let before = start;
  for (const { from, to } of busy) {
    const last = pieces.at(-1);
    const gap = from - before;
    if (last && gap <= longest) last.to = to;
    else {
      at = last ? last.at + (last.to - last.from) + active * SHORT : at;
      pieces.push({ from: last ? from : start, to, at });
    }
    before = to;
  }
  if (pieces.length < 2) return null;
  return { pieces, place: (instant) => placed(pieces, instant) };
}

function placed(pieces: readonly Piece[], instant: number): number {
  let shown = instant;
  for (const [place, piece] of pieces.entries()) {
    if (instant < piece.from) break;
    const next = pieces[place + 1];
    shown = piece.at + (instant - piece.from);
    // Between two pieces: in proportion.
    if (next && instant > piece.to && instant < next.from) {
      const end = piece.at + piece.to - piece.from;
      return end + ((instant - piece.to) / (next.from - piece.to)) * (next.at - end);
    }
  }
  return shown;
}

/** The times in which at least one run went on: what overlaps or touches is one. */
function together(runs: Iterable<Pick<Run, "history" | "end">>, until: number): Span[] {
  const spans: Span[] = [];
  for (const { history, end } of runs) {
    let from: number | null = null;
    for (const { state, at } of history) {
      if (!ended(state)) from ??= at;
      else if (from !== null) {
        spans.push({ from, to: at });
        from = null;
      }
    }
    if (from !== null) spans.push({ from, to: end ?? until });
  }
  spans.sort((a, b) => a.from - b.from);
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else merged.push({ ...span });
  }
  return merged;
}

/** Ticks from the beginning of each piece on; where time is missing, how much later it went on. */
export function foldedTicks(fold: Fold, span: Span, most: number): Tick[] {
  const found: Tick[] = [];
  const start = fold.pieces[0]?.from ?? 0;
  for (const [place, piece] of fold.pieces.entries()) {
    const shown = { from: Math.max(span.from, piece.at), to: Math.min(span.to, piece.at + piece.to - piece.from) };
    if (shown.to < shown.from) continue;
    const part = Math.max(1, Math.round((most * (shown.to - shown.from)) / (span.to - span.from)));
    const inside = shown.to > shown.from ? ticks(shown, piece.at, part) : [];
    if (place === 0) found.push(...inside);
    else {
      if (piece.at >= span.from) found.push({ at: piece.at, label: `+${laterText(piece.from - start)}` });
      found.push(...inside.filter((tick) => tick.at > piece.at));
    }
  }
  return found;
}

/** In whole units: more is not told apart beside a gap. */
const laterText = (ms: number) => tickText(ms < 60_000 ? Math.round(ms / 100) * 100 : Math.round(ms / 1000) * 1000);
