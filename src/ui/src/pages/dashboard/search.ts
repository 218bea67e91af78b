/** What the address of a dashboard holds: the time that it shows, the namespace, and whether its text is edited. */
import { type FilterValues, readFilters } from "@/parts/filter/values";

export interface DashboardSearch extends Pick<FilterValues, "namespace" | "timeRange" | "startDate" | "endDate"> {
  /** text: its own text is changed; copy: a new one is made of it. */
  edit?: "text" | "copy";
}

export function dashboardSearch(given: Record<string, unknown>): DashboardSearch {
  const { namespace, timeRange, startDate, endDate } = readFilters(given);
  const edit = given.edit === "text" || given.edit === "copy" ? given.edit : undefined;
  return Object.fromEntries(Object.entries({ namespace, timeRange, startDate, endDate, edit }).filter(([, value]) => value !== undefined));
}
