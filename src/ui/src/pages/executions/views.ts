/** Saved views: filters with a name, kept in this browser, beside those that are always there. */
import { type FilterValues, filterKey, readFilters } from "@/parts/filter/values";

/** A name for a filter. */
export interface View {
  name: string;
  filter: FilterValues;
}

/** Where they are kept. */
export const KEPT_AS = "onbeat.executions.views";
const MOST = 50;

/** Those that everybody has. */
export const USUAL: readonly View[] = [
  { name: "All", filter: {} },
  { name: "Failed today", filter: { state: ["FAILED"], timeRange: "today" } },
  { name: "Running", filter: { state: ["CREATED", "RUNNING", "RESTARTED", "RETRYING", "KILLING"] } },
  { name: "Waiting for somebody", filter: { state: ["PAUSED"] } },
];

/** The views of what is kept, whoever wrote it there. */
export function readViews(kept: unknown): View[] {
  if (!Array.isArray(kept)) return [];
  const found = new Map<string, View>();
  for (const each of kept) {
    if (typeof each !== "object" || each === null) continue;
    const { name, filter } = each as Record<string, unknown>;
    if (typeof name !== "string" || name.trim() === "" || typeof filter !== "object" || filter === null) continue;
    found.set(name.trim(), { name: name.trim().slice(0, 80), filter: readFilters(filter as Record<string, unknown>) });
  }
  return [...found.values()].slice(0, MOST);
}

/** The same views with this one; one of the same name is replaced. */
export function withView(views: readonly View[], view: View): View[] {
  return [...views.filter((each) => each.name !== view.name), view];
}

/** Which view a filter is. */
export function viewOf(views: readonly View[], filter: FilterValues): View | undefined {
  const key = filterKey(filter);
  return views.find((each) => filterKey(each.filter) === key);
}
