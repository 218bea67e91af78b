import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "@/api/client";
import { type Item, type Plugin, typesOf, wordsOf } from "@/pages/plugins/catalogue";

const FOR_EVER = { staleTime: Number.POSITIVE_INFINITY };

/** Everything that can be named, once for the session; undefined until it is known. */
export function useCatalogue(): { items: Item[] | undefined; error: unknown; again: () => void } {
  const plugins = useQuery({ queryKey: ["plugins"], queryFn: () => api.get("/plugins"), ...FOR_EVER });
  const inputs = useQuery({ queryKey: ["plugins", "inputs"], queryFn: () => api.get("/plugins/inputs"), ...FOR_EVER });
  const words = useQuery({
    queryKey: ["plugins", "words"],
    queryFn: async () => {
      const [functions, filter, test] = await Promise.all([
        api.get("/pebble/functions"),
        api.get("/pebble/filters"),
        api.get("/pebble/tests"),
      ]);
      return { function: functions.map((each) => each.name), filter, test };
    },
    ...FOR_EVER,
  });
  const items = useMemo(() => {
    if (!plugins.data || !inputs.data || !words.data) return undefined;
    const types = inputs.data.map((each) => each.type);
    return [...typesOf(plugins.data as readonly Plugin[], types), ...wordsOf(words.data)];
  }, [plugins.data, inputs.data, words.data]);
  return {
    items,
    error: plugins.error ?? inputs.error ?? words.error,
    again: () => void Promise.all([plugins.refetch(), inputs.refetch(), words.refetch()]),
  };
}
