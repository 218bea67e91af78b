import { useQuery } from "@tanstack/react-query";
import { rawJson } from "@/api/client";

export interface Topic {
  topic: string;
  records: number;
}

/** Where state events are, unless the server is set up otherwise. */
export const STATE_EVENTS = "onbeat.executions";

/** The topics there are, and those that triggers wait for. */
export function useTopics() {
  return useQuery({
    queryKey: ["events", "topics"],
    queryFn: async () => (await rawJson<{ topics: Topic[] }>("/events")).topics,
    refetchInterval: 10_000,
  });
}
