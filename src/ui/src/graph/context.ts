/** What the nodes of a graph read beside their places: it changes often, and nothing is laid out for it. */
import { createContext } from "react";
import type { StateName } from "@/api/types";

/** The last state of a task's runs, and how many there are. */
export interface TaskState {
  state: StateName;
  count: number;
}

export interface GraphContext {
  /** By item. */
  runs: ReadonlyMap<string, TaskState>;
  /** The id of the chosen item. */
  selected: string | null;
  /** The item that Tab leads to. */
  reached: string | null;
  /** null: items cannot be chosen. */
  choose: ((item: string) => void) | null;
  /** Triggers can be chosen, too. */
  triggers: boolean;
  reach: (item: string) => void;
}

export const Graph = createContext<GraphContext>({
  runs: new Map(),
  selected: null,
  reached: null,
  choose: null,
  triggers: false,
  reach: () => undefined,
});
