/** What the dashboard asks the server, each by its own query, so that what one may not see leaves the others as they are. */
import { type QueryKey, useQuery } from "@tanstack/react-query";
import { api, rawJson } from "@/api/client";
import { Problem } from "@/api/problem";
import type { StateName } from "@/api/types";
import { useMe } from "@/app/useMe";
import { pageOfPart, type Span } from "@/pages/dashboard/numbers";
import { histogramOf, quantile } from "@/pages/dashboard/prometheus";
import { parseDuration } from "@/parts/time";
import { COUNTED } from "@/parts/total";

/** Under which all of it is kept: `useFresh` asks it again. */
export const KEY = "dashboard";
/** What only time changes, or what no execution tells of: a source that broke. */
const SLOW = 30_000;
const OVER: StateName[] = ["SUCCESS", "WARNING", "FAILED"];

const keyed = (...parts: unknown[]): QueryKey => [KEY, ...parts];

/** Which executions a dashboard is of. */
export interface Scope {
  namespace: string | undefined;
  /** As the address says it, so that a time that ends now is one question. */
  time: string;
  span: () => Span;
}

/** Whether the caller may look at the server itself, not at some namespaces only. */
export function useWhole(): boolean {
  return useMe()?.namespaces.read === null;
}

const range = (scope: Scope) => {
  const { from, until } = scope.span();
  return { startDate: new Date(from).toISOString(), endDate: new Date(until).toISOString() };
};

/** Executions by time and state. */
export function useRates(scope: Scope) {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return useQuery({
    queryKey: keyed("rates", scope.namespace, scope.time),
    queryFn: () => api.post("/stats/executions/daily", { body: { ...range(scope), namespace: scope.namespace, timeZone, state: [] } }),
  });
}

/** Half of the executions, and all but a hundredth, took at most so many ms. */
export interface Latency {
  p50: number | null;
  p99: number | null;
  /** Of all since the server started, not of the time that is shown. */
  sinceStart: boolean;
}

/** How long executions took that ended in this time. */
export function useDurations(scope: Scope) {
  const whole = useWhole();
  return useQuery({
    queryKey: keyed("durations", scope.namespace, scope.time),
    queryFn: async (): Promise<Latency> => {
      const query = { ...range(scope), namespace: scope.namespace, state: OVER, size: 1, sort: ["state.duration:desc"] };
      const { total } = await api.get("/executions/search", { params: { query: { ...query, page: 1 } } });
      if (total === 0) return { p50: null, p99: null, sinceStart: false };
      // Of so many the exact percentiles are asked for; of more the histogram tells.
      if (total > COUNTED && !whole) return { p50: null, p99: null, sinceStart: false };
      if (total > COUNTED) return { ...latencyOf(await metrics(), "onbeat_execution_seconds"), sinceStart: true };
      const at = async (part: number) => {
        const { results } = await api.get("/executions/search", { params: { query: { ...query, page: pageOfPart(total, part) } } });
        const duration = results[0]?.state.duration;
        return duration ? parseDuration(duration) : null;
      };
      const [p50, p99] = await Promise.all([at(0.5), at(0.99)]);
      return { p50, p99, sinceStart: false };
    },
  });
}

/** From an event's arrival until its execution's first task began; of all since the server started. */
export function useReaction() {
  return useQuery({
    enabled: useWhole(),
    queryKey: keyed("reaction"),
    queryFn: async (): Promise<Latency> => ({ ...latencyOf(await metrics(), "onbeat_event_first_task_seconds"), sinceStart: true }),
  });
}

async function metrics(): Promise<string> {
  const answer = await fetch("/metrics");
  const text = await answer.text();
  if (!answer.ok) throw Problem.of(answer.status, text);
  return text;
}

function latencyOf(text: string, name: string): Pick<Latency, "p50" | "p99"> {
  const histogram = histogramOf(text, name);
  const ms = (part: number) => {
    const seconds = quantile(histogram, part);
    return seconds === null ? null : seconds * 1000;
  };
  return { p50: ms(0.5), p99: ms(0.99) };
}

/** How the server is. */
interface Status {
  ready: boolean;
  trouble: string[];
  figures: { executions?: number };
  flows: number;
  sinks: { name: string; trouble: string | null }[];
}

/** What is wrong with the server, and how much is at work. */
export function useStatus() {
  return useQuery({ enabled: useWhole(), queryKey: keyed("status"), queryFn: () => rawJson<Status>("/status"), refetchInterval: SLOW });
}

/** All triggers, with state and lag. */
export function useTriggers(namespace: string | undefined) {
  return useQuery({
    queryKey: keyed("triggers", namespace),
    queryFn: () => api.get("/triggers/search", { params: { query: { namespace, size: 1000 } } }),
    refetchInterval: SLOW,
  });
}

/** The newest executions in these states. */
export function useNewest(scope: Scope, state: StateName[], size: number, timed: boolean) {
  return useQuery({
    queryKey: keyed("newest", scope.namespace, timed ? scope.time : "", state, size),
    queryFn: () =>
      api.get("/executions/search", { params: { query: { namespace: scope.namespace, state, size, ...(timed ? range(scope) : {}) } } }),
  });
}

/** Why an execution failed: its first line of an error, else what the execution says. */
export function useWhy(id: string, ended: string | null | undefined) {
  return useQuery({
    queryKey: ["why", id, ended],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async (): Promise<{ task: string | null; message: string }> => {
      const { results } = await api.get("/logs/search", {
        params: { query: { executionId: id, minLevel: "ERROR", size: 1, sort: ["timestamp:asc"] } },
      });
      const line = results[0];
      if (line) return { task: line.taskId ?? null, message: line.message ?? "" };
      const { error } = await api.get("/executions/{id}", { params: { path: { id } } });
      return { task: error?.taskId ?? null, message: error?.message ?? "" };
    },
  });
}

/** Whether anything ever ran: an empty server leads to the welcome page. */
export function useAny() {
  return useQuery({
    queryKey: keyed("any"),
    queryFn: async () => (await api.get("/executions/search", { params: { query: { size: 1 } } })).total > 0,
  });
}
