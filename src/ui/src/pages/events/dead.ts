import { useMutation, useQueryClient } from "@tanstack/react-query";
import { rawJson } from "@/api/client";
import { asProblem } from "@/api/problem";

export const DEAD_KEY = ["events", "dead"] as const;

/** A dead event as the list has it. */
export interface DeadEvent {
  id: string;
  at: string;
  subscription: string;
  trigger: string | null;
  reason: string;
  key: string | null;
  replayedAt: string | null;
}

/** One with what came. event null: it could not be decoded, `raw` is its bytes as text. */
export interface WholeDeadEvent extends DeadEvent {
  event: { id: string; source: string; type: string; time: string; topic: string | null; data: unknown; trigger: unknown } | null;
  raw: string | null;
}

/** What a replay gave: executions, or why it could not start again. */
export type Replayed = { executions: string[]; duplicate: boolean } | { problem: string };

/** Replay several, one after the other; tell hears of each. */
export function useReplay(tell: (id: string, result: Replayed) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (ids: readonly string[]) => {
      for (const id of ids) {
        try {
          tell(
            id,
            await rawJson<{ executions: string[]; duplicate: boolean }>(`/events/dead/${encodeURIComponent(id)}/replay`, {
              method: "POST",
            }),
          );
        } catch (thrown) {
          tell(id, { problem: asProblem(thrown).detail || asProblem(thrown).title });
        }
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: DEAD_KEY }),
  });
}

/** What all replays together gave. */
export function replaysText(results: readonly Replayed[]): string {
  const failed = results.filter((each) => "problem" in each).length;
  const executions = results.reduce((sum, each) => sum + ("problem" in each ? 0 : each.executions.length), 0);
  const started = `${results.length} replayed: ${executions} ${executions === 1 ? "execution" : "executions"} started`;
  return failed > 0 ? `${started}, ${failed} still could not start.` : `${started}.`;
}
