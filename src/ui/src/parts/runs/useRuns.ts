/**
 * A list of executions that follows the server: its first page, what changes, older pages as they are asked for.
 *
 * What is merged how says `merge.ts`; this has the stream, the pages and the count.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem, Problem } from "@/api/problem";
import type { ExecutionLine } from "@/api/types";
import { useStream } from "@/live/client";
import type { StreamEvent } from "@/live/protocol";
import { type FilterValues, filterKey, filterQuery, queryText } from "@/parts/filter/values";
import { type Changes, changes, NONE, older, type Runs, release, snapshot, trimmed } from "@/parts/runs/merge";

/** Rows of the first page, and of each older one. */
const PAGE = 100;
/** What the stream tells of grows with what was paged in, by steps: each is a new snapshot. */
const STEPS = [PAGE, 300, 1000] as const;
/** Rows that are kept of what goes by at the top. */
const MOST = 2000;
/** A count that may be off is asked for again after so many ms; so is a list with a hole. */
const COUNT_AFTER = 1000;
const HOLE_AFTER = 250;

/** A list of executions, and what can be asked of it. */
export interface Followed {
  runs: Runs;
  /** Nothing was answered yet. */
  loading: boolean;
  problem: Problem | null;
  /** Show what waits. */
  release: () => void;
  /** Fetch the next older page, if there is one. */
  older: () => void;
  again: () => void;
}

interface State {
  key: string;
  runs: Runs;
  /** The stream has told of this filter: what the first query answers is older. */
  told: boolean;
}

/** Follow the executions that a filter means. held: rows may not move now. size: rows of a page. */
export function useRuns(values: FilterValues, held: boolean, size: number = PAGE): Followed {
  const key = filterKey(values);
  const client = useQueryClient();
  // `today` is resolved once for a filter: the same list has one address.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all of the values
  const query = useMemo(() => filterQuery(values), [key]);
  const [state, set] = useState<State>({ key: "", runs: NONE, told: false });
  const [refused, setRefused] = useState<{ key: string; problem: Problem } | null>(null);
  const [wanted, setWanted] = useState<{ key: string; size: number }>({ key, size });
  const holding = useRef(held);
  useEffect(() => {
    holding.current = held;
  }, [held]);

  const first = useQuery({
    queryKey: ["runs", key, size],
    queryFn: () => api.get("/executions/search", { params: { query: { ...query, size } } }),
    refetchOnWindowFocus: false,
  });

  const show = useCallback(
    (page: readonly ExecutionLine[], total: number, told: boolean) =>
      set((now) => {
        const same = now.key === key;
        if (same && now.told && !told) return now;
        return { key, runs: snapshot(same ? now.runs : NONE, page, total, same && holding.current), told };
      }),
    [key],
  );
  useEffect(() => {
    if (first.data && !first.isPlaceholderData) show(first.data.results, first.data.total, false);
  }, [first.data, first.isPlaceholderData, show]);

  const streamSize = wanted.key === key ? wanted.size : size;
  const hear = (event: StreamEvent) => {
    if (event.name === "snapshot") {
      const page = event.data as { results: ExecutionLine[]; total: number };
      show(page.results, page.total, true);
      if (streamSize === size) client.setQueryData(["runs", key, size], page);
      setRefused(null);
    } else if (event.name === "changes") {
      set((now) => {
        if (now.key !== key) return now;
        const merged = changes(now.runs, event.data as Changes, holding.current);
        return { ...now, runs: holding.current ? merged : trimmed(merged, MOST) };
      });
    } else if (event.name === "refused") {
      const body = event.data as { status?: number };
      setRefused({ key, problem: Problem.of(body.status ?? 0, body) });
    }
  };
  useStream(`/executions/follow?${queryText({ ...query, size: streamSize })}`, hear);

  useEffect(() => {
    if (!held) set((now) => (now.key === key ? { ...now, runs: release(now.runs) } : now));
  }, [held, key]);

  const runs = state.runs;
  const current = state.key === key;
  useEffect(() => {
    if (!current || !runs.hole || held) return;
    const timer = setTimeout(() => {
      void api
        .get("/executions/search", { params: { query: { ...query, size } } })
        .then((page) => show(page.results, page.total, true))
        .catch(() => undefined); // the stream says what is wrong
    }, HOLE_AFTER);
    return () => clearTimeout(timer);
  }, [current, runs.hole, held, query, size, show]);
  useEffect(() => {
    if (!current || !runs.unsure) return;
    const timer = setTimeout(() => {
      void api
        .get("/executions/search", { params: { query: { ...query, size: 1 } } })
        .then(({ total }) => set((now) => (now.key === key ? { ...now, runs: { ...now.runs, total, unsure: false } } : now)))
        .catch(() => undefined);
    }, COUNT_AFTER);
    return () => clearTimeout(timer);
  }, [current, runs.unsure, query, key]);

  const busy = useRef<string | null>(null);
  const last = current && !runs.complete ? runs.rows.at(-1)?.id : undefined;
  const fetchOlder = useCallback(() => {
    if (last === undefined || busy.current === last) return;
    busy.current = last;
    api
      .get("/executions/search", { params: { query: { ...query, size: PAGE, before: last } } })
      .then(({ results }) => {
        set((now) => (now.key === key ? { ...now, runs: older(now.runs, results, results.length < PAGE) } : now));
        setWanted((now) => {
          const least = (now.key === key ? now.size : size) + results.length;
          return { key, size: STEPS.find((step) => step >= least) ?? STEPS[2] };
        });
      })
      .catch(() => {
        busy.current = null;
      });
  }, [last, query, key, size]);

  const problem = refused?.key === key ? refused.problem : first.error ? asProblem(first.error) : null;
  const again = useCallback(() => {
    setRefused(null);
    void client.invalidateQueries({ queryKey: ["runs", key] });
  }, [client, key]);
  return {
    runs,
    loading: state.key === "" && !problem,
    problem: current && runs.rows.length > 0 ? null : problem,
    release: useCallback(() => set((now) => ({ ...now, runs: release(now.runs) })), []),
    older: fetchOlder,
    again,
  };
}
