/** What the address of this page holds. */
export interface DashboardSearch {
  [name: string]: unknown;
}

export const dashboardSearch = (given: Record<string, unknown>): DashboardSearch => given;
