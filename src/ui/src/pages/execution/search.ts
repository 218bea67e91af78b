/** What the address of an execution's page holds: what is looked at, which task run. */
import { one, oneOf, several } from "@/parts/address";
import { LEVELS, type Level } from "@/parts/logs";

export const VIEWS = ["gantt", "topology", "logs", "outputs", "trigger", "chain"] as const;
export type View = (typeof VIEWS)[number];
export const PANELS = ["logs", "outputs", "attempts"] as const;
export type Panel = (typeof PANELS)[number];

export type ExecutionSearch = {
  /** gantt when it is not said. */
  view?: View;
  /** The chosen task run: one for all views. */
  run?: string;
  /** Topology: the subflows that are drawn within, by the names of their nodes. */
  within?: string[];
  /** What is shown of it: its logs when it is not said. */
  panel?: Panel;
  /** Looked for in logs. */
  q?: string;
  /** Lines of this level and worse ones. */
  level?: Level;
};

export const executionSearch = (given: Record<string, unknown>): ExecutionSearch => ({
  view: oneOf(given.view, VIEWS),
  run: one(given.run),
  within: several(given.within),
  panel: oneOf(given.panel, PANELS),
  q: one(given.q),
  level: oneOf(given.level, LEVELS),
});
