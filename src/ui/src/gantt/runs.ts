/** Task runs as views keep them: instants as numbers, nothing that is the same in all runs of an execution. Pure. */
import type { StateName, TaskRun } from "@/api/types";

/** A state that was entered, at milliseconds since 1970 with their fraction. */
export interface Moment {
  state: StateName;
  at: number;
}

export interface Try {
  state: StateName;
  start: number;
  end: number | null;
}

/** One task in the execution, once for each value of a loop around it. */
export interface Run {
  id: string;
  /** Its number in the execution, in the order of beginning. */
  n: number;
  task: string;
  parent: string | null;
  value: string | null;
  iteration: number | null;
  state: StateName;
  start: number;
  end: number | null;
  history: readonly Moment[];
  attempts: readonly Try[];
  error: string | null;
  outputs: Readonly<Record<string, unknown>>;
}

const days = new Map<string, number>();

/** `2026-11-21T21:58:36.073637Z` in milliseconds since 1970, its microseconds as a fraction. An execution has tens of thousands: this is quick. */
export function instant(text: string): number {
  if (text.length < 20 || text.charCodeAt(10) !== 84 || text.charCodeAt(text.length - 1) !== 90) return Date.parse(text);
  const date = text.slice(0, 10);
  let day = days.get(date);
  if (day === undefined) {
    day = Date.parse(date);
    if (days.size > 1000) days.clear();
    days.set(date, day);
  }
  const two = (at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const fraction = text.length > 20 ? Number(text.slice(19, -1)) : 0;
  return day + ((two(11) * 60 + two(14)) * 60 + two(17) + fraction) * 1000;
}

/** A task run as the API tells it. */
export function runOf(shape: TaskRun): Run {
  const { id, state } = shape;
  return {
    id,
    n: Number(id.slice(id.lastIndexOf("-") + 1)),
    task: shape.taskId,
    parent: shape.parentTaskRunId ?? null,
    value: shape.value ?? null,
    iteration: shape.iteration ?? null,
    state: state.current,
    start: instant(state.startDate),
    end: state.endDate ? instant(state.endDate) : null,
    history: state.histories.map((each) => ({ state: each.state, at: instant(each.date) })),
    attempts: (shape.attempts ?? []).map((each) => ({
      state: each.state.current,
      start: instant(each.state.startDate),
      end: each.state.endDate ? instant(each.state.endDate) : null,
    })),
    error: shape.error ?? null,
    outputs: (shape.outputs ?? {}) as Record<string, unknown>,
  };
}
