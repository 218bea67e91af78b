/** What the address of these pages holds. */
import { one, oneOf } from "@/parts/address";

export const KINDS = ["task", "trigger", "condition", "input", "function", "filter", "test"] as const;
export type Kind = (typeof KINDS)[number];

export interface PluginsSearch {
  /** What is looked for. */
  q?: string;
  kind?: Kind;
  /** The property that is pointed at, on a type's page: `options.auth`. */
  property?: string;
}

/** Reads the address; what means nothing is left out. */
export const pluginsSearch = (given: Record<string, unknown>): PluginsSearch => ({
  q: one(given.q),
  kind: oneOf(given.kind, KINDS),
  property: one(given.property),
});
