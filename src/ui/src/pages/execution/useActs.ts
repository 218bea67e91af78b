/** Do things with an execution: each act asks the server, says what was done, or why not. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { raw, rawJson } from "@/api/client";
import type { Execution, StateName } from "@/api/types";
import { queries } from "@/app/queries";
import type { Head } from "@/pages/execution/known";
import { notify } from "@/parts/notify";
import { stateWord } from "@/parts/states";

/** What is asked of the server. */
export type Ask =
  | { act: "restart"; revision?: number | "newest" }
  | { act: "replay"; run?: string; revision?: number }
  | { act: "kill" | "pause" | "resume" | "run-now" | "delete" }
  | { act: "set-state"; state: StateName }
  | { act: "set-run-state"; run: string; state: StateName }
  | { act: "labels"; labels: { key: string; value: string }[] };

interface Request {
  method: "POST" | "DELETE";
  path: string;
  body?: unknown;
}

/** The request that an act is; also what is copied as curl. */
export function requestOf({ id, state }: Pick<Head, "id" | "state">, ask: Ask): Request {
  const at = `/executions/${id}`;
  const query = (values: Record<string, string | number | undefined>) => {
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    return given.length > 0 ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : "";
  };
  switch (ask.act) {
    case "restart":
      return { method: "POST", path: `${at}/actions/restart${query({ revision: ask.revision })}` };
    case "replay":
      return { method: "POST", path: `${at}/actions/replay${query({ taskRunId: ask.run, revision: ask.revision })}` };
    case "kill":
      return { method: "DELETE", path: `${at}/actions/kill` };
    case "run-now":
      return { method: "POST", path: `${at}/actions/${state.current === "QUEUED" ? "unqueue" : "force-run"}` };
    case "delete":
      return { method: "DELETE", path: at };
    case "set-state":
      return { method: "POST", path: `${at}/actions/change-status${query({ status: ask.state })}` };
    case "set-run-state":
      return { method: "POST", path: `${at}/actions/state`, body: { taskRunId: ask.run, state: ask.state } };
    case "labels":
      return { method: "POST", path: `${at}/actions/labels`, body: ask.labels };
    default:
      return { method: "POST", path: `${at}/actions/${ask.act}` };
  }
}

/** The same by the command line; null where there is no command. */
export function commandOf({ id }: Pick<Head, "id">, ask: Ask): string | null {
  switch (ask.act) {
    case "restart":
      return `onbeat executions restart ${id}${ask.revision ? ` --revision ${ask.revision}` : ""}`;
    case "replay":
      return `onbeat executions replay ${id}${ask.run ? ` --from ${ask.run}` : ""}`;
    case "kill":
    case "pause":
    case "resume":
      return `onbeat executions ${ask.act} ${id}`;
    default:
      return null;
  }
}

const DONE: Record<Ask["act"], string> = {
  restart: "Restarted.",
  replay: "Replayed as a new execution.",
  kill: "Killed.",
  pause: "It pauses when what runs has ended.",
  resume: "It goes on.",
  "run-now": "It runs before its turn.",
  delete: "Deleted.",
  "set-state": "The state is changed.",
  "set-run-state": "The state is changed; it goes on from there.",
  labels: "Labels saved.",
};

/** again: read the execution anew, for what its own stream does not tell of. */
export function useActs(head: Head, again: () => void) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async (ask: Ask): Promise<Execution | null> => {
      const newest = ask.act === "restart" && ask.revision === "newest" ? { ...ask, revision: await newestOf(head) } : ask;
      const { method, path, body } = requestOf(head, newest);
      if (ask.act === "delete" || ask.act === "resume") {
        await raw(path, { method });
        return null;
      }
      return rawJson<Execution>(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
    },
    onSuccess: (made, ask) => {
      notify.done(ask.act === "set-state" ? `It is ${stateWord(ask.state).toLowerCase()} now.` : DONE[ask.act]);
      void queries.invalidateQueries({ queryKey: ["executions"] });
      if (ask.act === "delete") void navigate({ to: "/executions" });
      else if (made && made.id !== head.id) void navigate({ to: "/executions/$id", params: { id: made.id } });
      else again();
    },
    onError: notify.problem,
  });
}

/** The revision that the flow has now. */
async function newestOf({ namespace, flowId }: Head): Promise<number> {
  const flow = await rawJson<{ revision: number }>(`/flows/${encodeURIComponent(namespace)}/${encodeURIComponent(flowId)}`);
  return flow.revision;
}
