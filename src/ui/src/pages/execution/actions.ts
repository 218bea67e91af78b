/** What can be done with an execution, by its state. Pure: the server decides, this says what is offered. */
import type { StateName } from "@/api/types";
import { ended } from "@/parts/states";

export type Act =
  | "restart"
  | "restart-newest"
  | "replay"
  | "replay-inputs"
  | "replay-from"
  | "resume"
  | "review"
  | "kill"
  | "pause"
  | "run-now"
  | "set-state"
  | "set-run-state"
  | "labels"
  | "delete";

/** What waits for a person: a Pause asks for values, an Approval for a decision, a pause by hand for nothing. */
export type Waits = "pause" | "approval" | "hand" | null;

interface Facts {
  state: StateName;
  waits: Waits;
  /** The chosen task run; null: none. */
  run: { ended: boolean } | null;
}

/** The one thing that a person most likely wants now. null: it is on its way out. */
export function primaryOf({ state, waits }: Pick<Facts, "state" | "waits">): Act | null {
  if (state === "PAUSED") return waits === "approval" ? "review" : "resume";
  if (state === "QUEUED") return "run-now";
  if (state === "KILLING") return null;
  if (!ended(state)) return "kill";
  return state === "FAILED" || state === "KILLED" ? "restart" : "replay";
}

/** Everything that can be done now, in the menu's order. */
export function actsOf({ state, waits, run }: Facts): Act[] {
  const over = ended(state);
  const acts: Act[] = [];
  if (state === "PAUSED") acts.push(waits === "approval" ? "review" : "resume");
  if (over && state !== "SUCCESS" && state !== "CANCELLED") acts.push("restart", "restart-newest");
  acts.push("replay", "replay-inputs");
  if (over && run) acts.push("replay-from");
  if (state === "RUNNING") acts.push("pause");
  if (state === "QUEUED") acts.push("run-now");
  if (over) acts.push("set-state");
  if (over && run?.ended) acts.push("set-run-state");
  acts.push("labels");
  if (!over) acts.push("kill");
  if (over) acts.push("delete");
  return acts;
}

/** The states that an ended execution, or one of its task runs, may be said to have ended in. */
export const ENDINGS: readonly StateName[] = ["SUCCESS", "WARNING", "FAILED", "CANCELLED", "KILLED"];
export const RUN_ENDINGS: readonly StateName[] = ["SUCCESS", "WARNING", "FAILED", "KILLED"];

/** The verb of each act. */
export const VERB: Record<Act, string> = {
  restart: "Restart",
  "restart-newest": "Restart with the newest revision",
  replay: "Replay",
  "replay-inputs": "Replay with other inputs",
  "replay-from": "Replay from this task",
  resume: "Resume",
  review: "Review",
  kill: "Kill",
  pause: "Pause",
  "run-now": "Run now",
  "set-state": "Change state",
  "set-run-state": "Change state of this task",
  labels: "Edit labels",
  delete: "Delete",
};
