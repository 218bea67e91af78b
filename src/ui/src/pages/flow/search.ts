/** What the address of a flow's page, and of a new flow, holds. */
import { natural, one, oneOf, several } from "@/parts/address";

export const FLOW_TABS = ["overview", "editor", "runs", "revisions", "triggers", "metrics", "dependencies"] as const;
export type FlowTab = (typeof FLOW_TABS)[number];

const SIDES = ["none", "docs", "topology", "form"] as const;

export interface FlowSearch {
  /** overview when it is not said. */
  tab?: FlowTab;
  /** The task that is chosen in the topology; in the editor: the task or trigger where the cursor stands first. */
  task?: string;
  /** Topology: the subflows that are drawn within, by the names of their nodes. */
  within?: string[];
  /** Editor: the line where the cursor stands first. */
  line?: string;
  /** The form that starts it is open. */
  run?: "form";
  /** Editor: what stands beside the text. */
  side?: (typeof SIDES)[number];
  /** Revisions: the two that are compared. */
  before?: string;
  after?: string;
  /** Metrics: what is summed up, and over which time. */
  aggregation?: "sum" | "avg" | "min" | "max" | "count";
  range?: "P1D" | "P7D" | "P30D";
  /** Dependencies: also of those that depend on it, and so on. */
  all?: "true";
  /** A new flow: what it begins with, and where it is to be. */
  template?: string;
  namespace?: string;
}

export const flowSearch = (given: Record<string, unknown>): FlowSearch => ({
  tab: oneOf(given.tab, FLOW_TABS),
  task: one(given.task),
  within: several(given.within),
  line: natural(given.line),
  run: oneOf(given.run, ["form"]),
  side: oneOf(given.side, SIDES),
  before: one(given.before),
  after: one(given.after),
  aggregation: oneOf(given.aggregation, ["sum", "avg", "min", "max", "count"]),
  range: oneOf(given.range, ["P1D", "P7D", "P30D"]),
  all: oneOf(given.all, ["true"]),
  template: one(given.template),
  namespace: one(given.namespace),
});
