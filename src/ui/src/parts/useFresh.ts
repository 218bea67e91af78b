import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { follow } from "@/live/client";

/** All that want to know share one stream. */
const listeners = new Set<() => void>();
let end: (() => void) | null = null;

function onExecutions(listener: () => void): () => void {
  listeners.add(listener);
  end ??= follow("/executions/follow?size=1", ({ name }) => {
    if (name === "changes" || name === "reset") for (const each of listeners) each();
  });
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      end?.();
      end = null;
    }
  };
}

const AT_MOST_EACH = 1000;

/** Ask a query again when executions come or change, at most once a second: for what has no stream of its own. */
export function useFresh(key: QueryKey): void {
  const client = useQueryClient();
  const text = JSON.stringify(key);
  useEffect(() => {
    let due: ReturnType<typeof setTimeout> | null = null;
    const stop = onExecutions(() => {
      due ??= setTimeout(() => {
        due = null;
        void client.invalidateQueries({ queryKey: JSON.parse(text) as QueryKey, exact: true });
      }, AT_MOST_EACH);
    });
    return () => {
      stop();
      if (due !== null) clearTimeout(due);
    };
  }, [client, text]);
}
