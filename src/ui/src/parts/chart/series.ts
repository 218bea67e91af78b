/** What a chart is made of, and how its numbers are put on top of each other. Pure. */
import { FAMILY, type Family } from "@/parts/states";

/** Tones of the accent; there are no more colours than that. */
export type Tone = 0 | 1 | 2 | 3;

/** One line or layer of a chart: a name, a colour of a state's family or the accent's, and a value for each time. */
export interface Series {
  label: string;
  /** State colours are for states only. */
  family?: Family;
  /** Of those that are no states: the accent, in tones from the strongest. */
  accent?: Tone;
  /** null: nothing is known. */
  values: readonly (number | null)[];
}

/** Layers on top of each other, each with what is below it; null counts as nothing. The last one is the sum. */
export function stack(layers: readonly (readonly (number | null)[])[]): number[][] {
  const sums: number[] = [];
  return layers.map((layer) =>
    layer.map((value, index) => {
      const sum = (sums[index] ?? 0) + (value ?? 0);
      sums[index] = sum;
      return sum;
    }),
  );
}

/** A number as short as it can be read: 1,234 · 0.25 · 12.5k. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1e6) return `${shortened(value / 1e6)}M`;
  if (Math.abs(value) >= 1e4) return `${shortened(value / 1e3)}k`;
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 1 : 2 });
}

const shortened = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 1 });

/** A chart in one sentence, for those who cannot see it. */
export function summaryOf(label: string, series: readonly Series[], unit: string): string {
  const parts = series
    .map((each) => ({ label: each.label, highest: Math.max(0, ...each.values.map((value) => value ?? 0)) }))
    .filter((each) => each.highest > 0)
    .map((each) => `${each.label} at most ${numberText(each.highest)}${unit ? ` ${unit}` : ""}`);
  return `${label}: ${parts.length > 0 ? parts.join(", ") : "nothing in this time"}.`;
}

/** The colour of a name: of a state its family's, of a log level that of what it means, of anything else a tone by its place. */
export function colourOf(name: string, place: number): Pick<Series, "family" | "accent"> {
  const family = (FAMILY as Record<string, Family | undefined>)[name.toUpperCase()] ?? LEVEL[name.toUpperCase()];
  return family ? { family } : { accent: Math.min(place, 3) as Tone };
}

const LEVEL: Record<string, Family> = { ERROR: "failed", WARN: "warning", INFO: "running", DEBUG: "waiting", TRACE: "stopped" };
