/** What the address of the list holds: its filters, by the API's own names. */
import { type FilterValues, readFilters } from "@/parts/filter/values";

export type ExecutionsSearch = FilterValues;

export const executionsSearch = (given: Record<string, unknown>): ExecutionsSearch => readFilters(given);
