/** Read histograms of Prometheus' text format, and say below which value a part of what was measured is. Pure. */

/** A histogram: how many were at most `le`, going up; the last one is +Inf, with all. */
export interface Histogram {
  le: number;
  count: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const BOUND = /(?:^|,)\s*le="([^"]*)"/;

/** The histogram of that name, all of its labels together; empty: there is none. */
export function histogramOf(text: string, name: string): Histogram[] {
  const counts = new Map<number, number>();
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${name}_bucket`)) continue;
    const [, called, labels = "", value = ""] = LINE.exec(line) ?? [];
    const bound = BOUND.exec(labels)?.[1];
    if (called !== `${name}_bucket` || bound === undefined) continue;
    const le = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
    const count = Number(value);
    if (!Number.isNaN(le) && Number.isFinite(count)) counts.set(le, (counts.get(le) ?? 0) + count);
  }
  return [...counts].map(([le, count]) => ({ le, count })).sort((one, other) => one.le - other.le);
}

/**
 * Below which value `part` (0..1) of what was measured is; null: nothing was.
 *
 * Within a bucket it is as if the values were spread evenly; what is above the last bound is said to be at it, as Prometheus does.
 */
export function quantile(histogram: readonly Histogram[], part: number): number | null {
  const all = histogram.at(-1)?.count ?? 0;
  if (all === 0) return null;
  const wanted = part * all;
  let [low, before] = [0, 0];
  for (const { le, count } of histogram) {
    if (count >= wanted && count > before) {
      if (!Number.isFinite(le)) return low;
      return low + (le - low) * ((wanted - before) / (count - before));
    }
    [low, before] = [le, count];
  }
  return low;
}
