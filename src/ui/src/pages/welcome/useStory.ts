import { useMutation, useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { api, rawJson } from "@/api/client";
import type { Execution } from "@/api/types";
import type { Published } from "@/pages/events/publishing";
import { useTail } from "@/pages/events/useTail";
import { STATE_EVENTS } from "@/pages/events/useTopics";
import { TOPIC } from "@/pages/welcome/example";
import { ofChain, type Step, story } from "@/pages/welcome/story";
import { notify } from "@/parts/notify";

interface Sent {
  event: string;
  data: unknown;
  started: readonly string[];
  /** From the click until the server's answer, in ms. */
  took: number;
}

interface Story {
  sent: Sent | null;
  steps: readonly Step[];
  sending: boolean;
  send: (data: unknown) => void;
}

/** Publish an event and hear what comes of it. The state events are followed before it is sent, so that none is missed. */
export function useStory(): Story {
  const [sent, setSent] = useState<Sent | null>(null);
  const { events } = useTail(`/events/${STATE_EVENTS}/tail?from=now`, "welcome");
  const publish = useMutation({
    mutationFn: async (data: unknown): Promise<Sent> => {
      const began = performance.now();
      const { id, executions = [] } = await rawJson<Published>(`/events/${TOPIC}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(data),
      });
      return { event: id, data, started: executions, took: performance.now() - began };
    },
    onSuccess: setSent,
    onError: notify.problem,
  });
  const chain = ofChain(
    sent?.started ?? [],
    events.map((each) => each.event),
  );
  // A task run's end is told with its execution's next state; each of those asks again.
  const heard = new Map<string, number>();
  for (const { data } of chain) {
    const { executionId } = data as { executionId: string };
    heard.set(executionId, (heard.get(executionId) ?? 0) + 1);
  }
  const runs = useQueries({
    queries: [...heard].slice(0, 8).map(([id, count]) => ({
      queryKey: ["execution", id, "story", count],
      queryFn: () => api.get("/executions/{id}", { params: { path: { id } } }),
      staleTime: Number.POSITIVE_INFINITY,
    })),
    combine: (all) => all.flatMap((each) => (each.data ? [each.data as Execution] : [])),
  });
  const first = runs.find((each) => sent?.started.includes(each.id));
  const began = (first?.trigger?.variables as { time?: unknown } | undefined)?.time;
  return {
    sent,
    steps: sent && typeof began === "string" ? story(began, sent.started, chain, runs) : [],
    sending: publish.isPending,
    send: (data) => publish.mutate(data),
  };
}
