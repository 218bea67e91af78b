/** What the address of the list of flows holds. */
import { oneOf } from "@/parts/address";
import { type FilterValues, readFilters } from "@/parts/filter/values";

export interface FlowsSearch extends Pick<FilterValues, "q" | "namespace" | "labels"> {
  /** source: `q` is looked for in the texts of the flows; names when it is not said. */
  in?: "source";
  /** Only those that are switched off, or on. */
  disabled?: "true" | "false";
}

export function flowsSearch(given: Record<string, unknown>): FlowsSearch {
  const { q, namespace, labels } = readFilters(given);
  return { q, namespace, labels, in: oneOf(given.in, ["source"]), disabled: oneOf(given.disabled, ["true", "false"]) };
}

/** What the API is asked. */
export function flowsQuery({ q, namespace, labels }: FlowsSearch) {
  return { q, namespace, labels, size: MOST };
}

/** Whether anything is filtered. */
export const isFiltered = ({ q, namespace, labels, disabled }: FlowsSearch): boolean =>
  [q, namespace, labels, disabled].some((each) => each !== undefined);

/** Flows in one list. */
export const MOST = 1000;
