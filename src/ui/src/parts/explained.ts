/** Say in plain sentences what `GET /events/explain/{key}` found: for an event, what each listening trigger did with it, and why. */
import type { Family } from "@/parts/states";

/** What one trigger did with the event, as the server says it. */
export interface Verdict {
  trigger: string;
  /** `namespace.flow` of each flow that it starts. */
  flows: string[];
  result: string;
  why?: string;
  executions?: string[];
}

/** The answer of `/events/explain/{key}`. */
export interface Explained {
  event: { id: string; topic: string; time: string; data: unknown };
  triggers: Verdict[];
  /** Why it is among the dead events, once for each trigger that could not start by it. */
  dead: string[];
}

export type Outcome = "started" | "duplicate" | "condition" | "disabled" | "paused" | "dead" | "waiting" | "counted" | "absent" | "other";

/** What is known beside the verdict. */
export interface Beside {
  /** Why the trigger is off now, as the list of triggers says it. */
  off?: string | null;
  /** The event that had started the execution, when it was another one. */
  earlier?: string | null;
}

/** One trigger's part of the answer, for people. */
export interface Told {
  outcome: Outcome;
  word: string;
  family: Family;
  sentence: string;
  /** The condition that was false, and all that it could see. */
  expression?: string;
  seen?: unknown;
}

const CONDITION = /^`([\s\S]*)` with ([\s\S]*)$/;

/** What a trigger did with the event. */
export function tell(verdict: Verdict, beside: Beside = {}): Told {
  const why = verdict.why ? sentence(verdict.why) : "";
  switch (verdict.result) {
    case "started":
      return beside.earlier
        ? {
            outcome: "duplicate",
            word: "Duplicate",
            family: "waiting",
            sentence: `It starts once for each key, and event ${beside.earlier} had the same key before. This is what that one started:`,
          }
        : { outcome: "started", word: "Started", family: "success", sentence: started(verdict) };
    case "condition false":
      return { outcome: "condition", word: "Condition false", family: "warning", ...condition(verdict.why ?? "") };
    case "disabled":
      return {
        outcome: "disabled",
        word: "Off",
        family: "stopped",
        sentence: sentence(`It takes no events: ${beside.off ?? verdict.why ?? "it is switched off"}`),
      };
    case "paused":
      return {
        outcome: "paused",
        word: "Cannot listen",
        family: "failed",
        sentence: `${why} It goes on where it stopped once that is mended.`,
      };
    case "dead":
      return {
        outcome: "dead",
        word: "Dead",
        family: "failed",
        sentence: `It took the event and could not start by it. ${why} The event is kept: mend the flow, then replay it.`,
      };
    case "waiting":
      return { outcome: "waiting", word: "Waiting", family: "waiting", sentence: why };
    case "counted":
      return { outcome: "counted", word: "Counted", family: "waiting", sentence: why };
    case "not started":
    case "not counted":
      return {
        outcome: "absent",
        word: "Was not listening",
        family: "stopped",
        sentence:
          "The trigger was not there when the event came, or it began to listen later. Replay or publish the event again to give it to it.",
      };
    default:
      return { outcome: "other", word: sentence(verdict.result).replace(/\.$/, ""), family: "waiting", sentence: why };
  }
}

function started(verdict: Verdict): string {
  const count = verdict.executions?.length ?? 0;
  return count > 1 ? `It started ${count} executions.` : "It started an execution.";
}

function condition(why: string): Pick<Told, "sentence" | "expression" | "seen"> {
  const found = CONDITION.exec(why);
  if (!found) return { sentence: sentence(why || "its condition was false") };
  const [, expression = "", text = ""] = found;
  return { sentence: "Its condition was false for this event.", expression, seen: parsed(text) };
}

/** JSON, or the text itself where it was cut off. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** With a capital letter and a full stop; a word in backticks keeps its spelling. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?:]$/.test(trimmed) ? "" : "."}`;
}

export interface Named {
  /** As the expression writes it: `trigger.data.total`. */
  path: string;
  value: unknown;
  /** Nothing of that name was there. */
  missing: boolean;
}

const PATH = /\btrigger((?:\.[A-Za-z_]\w*|\[\s*(?:'[^']*'|"[^"]*"|\d+)\s*\])+)/g;
const STEP = /\.([A-Za-z_]\w*)|\[\s*(?:'([^']*)'|"([^"]*)"|(\d+))\s*\]/g;

/** The values that an expression names, each once, in its order. seen: what `trigger` was. */
export function namedValues(expression: string, seen: unknown): Named[] {
  const found = new Map<string, Named>();
  for (const [path, steps = ""] of expression.matchAll(PATH)) {
    if (found.has(path)) continue;
    let value = seen;
    for (const [, word, single, double, index] of steps.matchAll(STEP)) value = member(value, word ?? single ?? double ?? index ?? "");
    found.set(path, { path, value, missing: value === undefined });
  }
  return [...found.values()];
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** What became of the event as a whole. */
export function summary(explained: Explained, outcomes: readonly Outcome[]): string {
  const all = explained.triggers.length;
  const began = outcomes.filter((each) => each === "started").length;
  if (all === 0) return `No trigger listens to ${explained.event.topic}.`;
  const listen = all === 1 ? "The one trigger that listens" : `Of ${all} triggers that listen`;
  if (all === 1) return `${listen} to ${explained.event.topic} ${began ? "started a flow" : "did not start a flow"}.`;
  return `${listen} to ${explained.event.topic}, ${began === 0 ? "none" : began === all ? "each" : began} started a flow.`;
}

/** The event's key in an address: its parts as they are, nothing that an address would read otherwise. */
export const keyPath = (key: string): string => key.split("/").map(encodeURIComponent).join("/");

/** The event's key, `TOPIC/ID`; a state event has its execution and sequence as its id already. */
export const eventKey = (topic: string, id: string): string => `${topic}/${id}`;
