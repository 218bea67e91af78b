/** How many there are, as the API counts: beside a list it stops somewhere, and one more means that there are more. */
import type { FilterValues } from "@/parts/filter/values";

/** So far lists are counted. */
export const COUNTED = 10_000;
/** So far they are where a text is looked for. */
export const COUNTED_BY_TEXT = 1_000;

/** `12`, `1,200`, `10,000+`; filter: what the list was asked for. */
export function totalText(total: number, filter: FilterValues = {}): string {
  const counted = filter.q ? COUNTED_BY_TEXT : COUNTED;
  return total > counted ? `${counted.toLocaleString("en")}+` : total.toLocaleString("en");
}
