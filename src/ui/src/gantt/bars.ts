/** The bars of a run: when it waited, ran, was paused; each attempt is one. Pure. */
import type { StateName } from "@/api/types";
import type { Run } from "@/gantt/runs";
import { ended, FAMILY, type Family } from "@/parts/states";

export interface Bar {
  from: number;
  /** null: it goes on. */
  to: number | null;
  kind: "waiting" | "running" | "paused";
  /** What its colour says: of a try that ended, how. */
  family: Family;
  /** The number of the try, from 1; 0 where it is none. */
  attempt: number;
}

/** The bars of a run, from its history; of one that waited and then ran two, of three tries five. */
export function barsOf(run: Pick<Run, "history" | "end" | "state">): Bar[] {
  const bars: Bar[] = [];
  let attempt = 0;
  for (let place = 0; place < run.history.length; place += 1) {
    const moment = run.history[place];
    const next = run.history[place + 1];
    if (!moment || ended(moment.state)) continue;
    const kind = kindOf(moment.state);
    if (kind === "running") attempt += 1;
    const to = next?.at ?? null;
    if (to === moment.at) continue;
    const family = kind === "running" ? outcome(moment.state, next?.state) : FAMILY[moment.state];
    bars.push({ from: moment.at, to, kind, family: kind === "waiting" ? "waiting" : family, attempt: kind === "running" ? attempt : 0 });
  }
  // What took no time at all is still shown, as what it came to.
  const last = run.history.at(-1);
  if (bars.length === 0 && last) bars.push({ from: last.at, to: last.at, kind: "running", family: FAMILY[run.state], attempt });
  return bars;
}

function kindOf(state: StateName): Bar["kind"] {
  if (state === "PAUSED" || state === "BREAKPOINT") return "paused";
  return state === "RUNNING" || state === "KILLING" ? "running" : "waiting";
}

/** How a try ended, by the state that came after it. */
function outcome(state: StateName, next: StateName | undefined): Family {
  if (next === undefined) return FAMILY[state];
  if (next === "RETRYING") return "failed";
  return ended(next) ? FAMILY[next] : "running";
}
