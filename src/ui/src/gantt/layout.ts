/**
 * What stands where in the Gantt: rows from task runs, bars from their histories. Pure.
 *
 * Rules
 * 1. A run is nested in its parent; the values of a loop are rows of their own where an iteration has more than one task.
 * 2. A loop with many values is closed at first and says what became of them; what the reader opened or closed stays so.
 * 3. A filter keeps what matches and all around it, open.
 */
import type { StateName } from "@/api/types";
import type { Run } from "@/gantt/runs";
import { FAMILY, type Family } from "@/parts/states";

/** Loops with more values than this are closed at first. */
export const MANY = 12;

/** What became of the values of a loop. */
export interface Tally {
  values: number;
  states: ReadonlyMap<StateName, number>;
}

export interface Row {
  /** The run's id; of a value of a loop `loop#iteration`. */
  key: string;
  depth: number;
  /** null: a value of a loop, which holds runs. */
  run: Run | null;
  label: string;
  /** The value of a loop that it belongs to. */
  value: string | null;
  state: StateName;
  start: number;
  end: number | null;
  /** Whether it can be opened, and is. */
  opens: boolean;
  opened: boolean;
  /** Of a loop. */
  tally: Tally | null;
}

/** Runs by their parents, in the order in which they began. */
export interface Tree {
  roots: readonly Run[];
  children: ReadonlyMap<string, readonly Run[]>;
}

export interface Wanted {
  /** What the reader opened (true) or closed (false), by a row's key. */
  open: ReadonlyMap<string, boolean>;
  /** Only runs in these states, and what is around them. */
  states?: ReadonlySet<StateName>;
}

/** Who is in whom. A run whose parent is not there stands at the top. */
export function treeOf(runs: ReadonlyMap<string, Run>): Tree {
  const roots: Run[] = [];
  const children = new Map<string, Run[]>();
  for (const run of runs.values()) {
    if (run.parent === null || !runs.has(run.parent)) roots.push(run);
    else {
      const beside = children.get(run.parent);
      if (beside) beside.push(run);
      else children.set(run.parent, [run]);
    }
  }
  for (const beside of [roots, ...children.values()]) if (!inOrder(beside)) beside.sort((a, b) => a.n - b.n);
  return { roots, children };
}

const inOrder = (runs: readonly Run[]) => runs.every((run, place) => place === 0 || (runs[place - 1]?.n ?? 0) <= run.n);

/** The rows that are shown, from the first to the last. */
export function rowsOf(tree: Tree, wanted: Wanted): Row[] {
  const rows: Row[] = [];
  const kept = wanted.states && wanted.states.size > 0 ? matching(tree, wanted.states) : null;
  const shown = (runs: readonly Run[]) => (kept ? runs.filter((run) => kept.has(run.id)) : runs);

  const add = (run: Run, depth: number, usual: boolean) => {
    const inside = shown(tree.children.get(run.id) ?? []);
    const values = valuesOf(run, inside);
    const opened = inside.length > 0 && (wanted.open.get(run.id) ?? (kept !== null || (usual && (values === null || values.size <= MANY))));
    rows.push({
      key: run.id,
      depth,
      run,
      label: run.task,
      value: run.value,
      state: run.state,
      start: run.start,
      end: run.end,
      opens: inside.length > 0,
      opened,
      tally: values && tallyOf(values),
    });
    if (!opened) return;
    if (values === null) for (const each of inside) add(each, depth + 1, true);
    else for (const [iteration, each] of values) addValue(run, iteration, each, depth + 1, values.size <= MANY);
  };

  const addValue = (loop: Run, iteration: number, runs: readonly Run[], depth: number, few: boolean) => {
    const [only] = runs;
    if (only && runs.length === 1) {
      add(only, depth, few);
      return;
    }
    const key = `${loop.id}#${iteration}`;
    const state = together(runs);
    const opened = wanted.open.get(key) ?? (kept !== null || few);
    const ends = runs.map((run) => run.end);
    rows.push({
      key,
      depth,
      run: null,
      label: "value",
      value: only?.value ?? String(iteration),
      state,
      start: Math.min(...runs.map((run) => run.start)),
      end: ends.includes(null) ? null : Math.max(...ends.map((end) => end ?? 0)),
      opens: true,
      opened,
      tally: null,
    });
    if (opened) for (const run of runs) add(run, depth + 1, few);
  };

  for (const run of shown(tree.roots)) add(run, 0, true);
  return rows;
}

/** The runs inside a loop by their iteration; null where it is no loop. */
export function valuesOf(run: Run, inside: readonly Run[]): Map<number, Run[]> | null {
  if (!inside.some((each) => each.iteration !== null && each.iteration !== run.iteration)) return null;
  const values = new Map<number, Run[]>();
  for (const each of inside) {
    const iteration = each.iteration ?? -1;
    const before = values.get(iteration);
    if (before) before.push(each);
    else values.set(iteration, [each]);
  }
  return values;
}

function tallyOf(values: ReadonlyMap<number, readonly Run[]>): Tally {
  const states = new Map<StateName, number>();
  for (const runs of values.values()) {
    const state = together(runs);
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  return { values: values.size, states };
}

const FIRST: readonly Family[] = ["failed", "running", "paused", "waiting", "warning", "stopped", "success"];

/** The state that tells most of several: what failed, then what goes on, then how it ended. */
export function together(runs: readonly Run[]): StateName {
  let found: StateName = "SUCCESS";
  for (const { state } of runs) {
    if (state !== "SKIPPED" && FIRST.indexOf(FAMILY[state]) < FIRST.indexOf(FAMILY[found])) found = state;
  }
  return found;
}

/** `200 values, 3 failed`: what is not as it should be is said, success is not. */
export function tallyText({ values, states }: Tally): string {
  const others = [...states]
    .filter(([state]) => state !== "SUCCESS")
    .sort(([a], [b]) => FIRST.indexOf(FAMILY[a]) - FIRST.indexOf(FAMILY[b]));
  const said = others.map(([state, count]) => `${count.toLocaleString("en")} ${state.toLowerCase()}`);
  return [`${values.toLocaleString("en")} value${values === 1 ? "" : "s"}`, ...said].join(", ");
}

function matching(tree: Tree, states: ReadonlySet<StateName>): Set<string> {
  const kept = new Set<string>();
  const visit = (run: Run): boolean => {
    let keep = states.has(run.state) && !tree.children.has(run.id);
    for (const each of tree.children.get(run.id) ?? []) keep = visit(each) || keep;
    keep ||= states.has(run.state);
    if (keep) kept.add(run.id);
    return keep;
  };
  for (const run of tree.roots) visit(run);
  return kept;
}

/** How many task runs are in each state, the worst first. */
export function countStates(runs: ReadonlyMap<string, Run>): [StateName, number][] {
  const counts = new Map<StateName, number>();
  for (const { state } of runs.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => FIRST.indexOf(FAMILY[a]) - FIRST.indexOf(FAMILY[b]));
}

/** What must be open so that a run is in sight: the keys of all that is around it. */
export function wayTo(runs: ReadonlyMap<string, Run>, id: string): string[] {
  const keys: string[] = [];
  for (let run = runs.get(id); run?.parent; run = runs.get(run.parent)) {
    keys.push(run.parent);
    if (run.iteration !== null) keys.push(`${run.parent}#${run.iteration}`);
  }
  return keys;
}
