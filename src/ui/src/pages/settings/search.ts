/** What the address of this page holds. */
import { one, oneOf } from "@/parts/address";

export const SETTINGS_TABS = ["server", "me", "users", "tokens", "audit"] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

export interface SettingsSearch {
  tab?: SettingsTab;
  /** The user that is open, of the users; whose tokens, of the tokens. */
  user?: string;
  /** Audit: by whom, on what, and the row that is open. */
  who?: string;
  what?: string;
  row?: string;
}

/** Reads the address; what means nothing is left out. */
export const settingsSearch = (given: Record<string, unknown>): SettingsSearch => ({
  tab: oneOf(given.tab, SETTINGS_TABS),
  user: one(given.user),
  who: one(given.who),
  what: one(given.what),
  row: one(given.row),
});
