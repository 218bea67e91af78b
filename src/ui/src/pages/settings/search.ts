/** What the address of this page holds. */
export interface SettingsSearch {
  [name: string]: unknown;
}

export const settingsSearch = (given: Record<string, unknown>): SettingsSearch => given;
