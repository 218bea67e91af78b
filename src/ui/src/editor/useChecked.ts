import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { raw } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { FlowGraph } from "@/api/types";
import { type Validity, validity, YAML } from "@/editor/knowledge";
import { type Problem, problemsOf } from "@/editor/problems";

const SETTLE = 300;

export interface Checked {
  problems: readonly Problem[];
  infos: readonly string[];
  /** What is known is of an older text. */
  busy: boolean;
  /** The server cannot be asked: why. */
  trouble: string | null;
}

/** What is wrong with a text, asked a moment after each change; the last answer stays until the next one is there. */
export function useChecked(text: string): Checked {
  const [settled] = useDebouncedValue(text, SETTLE);
  const found = useQuery<Validity>({
    queryKey: ["editor", "validity", settled],
    queryFn: ({ signal }) => validity(settled, signal),
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    staleTime: 60_000,
  });
  const problems = useMemo(
    () => [...problemsOf(found.data?.constraints), ...(found.data?.warnings ?? []).flatMap((each) => problemsOf(each, "warning"))],
    [found.data],
  );
  return {
    problems,
    infos: found.data?.infos ?? [],
    busy: settled !== text || found.isPlaceholderData || found.isPending,
    trouble: found.error ? asProblem(found.error).detail || asProblem(found.error).title : null,
  };
}

/** The graph of a text that has no errors, while `wanted`; the last one that could be drawn stays while the text is broken. */
export function useGraph(text: string, checked: Checked, wanted: boolean): { graph: FlowGraph | null; broken: boolean } {
  const broken = checked.trouble !== null || checked.problems.some((each) => each.severity === "error");
  const found = useQuery<FlowGraph>({
    queryKey: ["editor", "graph", text],
    enabled: wanted && !checked.busy && !broken,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    retry: false,
    queryFn: async ({ signal }) =>
      (await raw("/flows/graph", { method: "POST", headers: YAML, body: text, signal })).json() as Promise<FlowGraph>,
  });
  const [last, setLast] = useState<FlowGraph | null>(null);
  if (found.data && found.data !== last) setLast(found.data);
  return { graph: last, broken: broken || found.isError };
}
