import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { api } from "@/api/client";
import type { FlowWithSource } from "@/api/types";
import { FlowLinks } from "@/graph/FlowLinks";
import css from "@/pages/flow/Flow.module.css";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** Which flows a flow starts, and which start it. */
export function DependenciesTab({ flow }: { flow: FlowWithSource }) {
  const { namespace, id } = flow;
  const { all } = useSearch({ from: "/flows/$namespace/$flow" });
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const found = useQuery({
    queryKey: ["flow-dependencies", namespace, id, flow.revision, all],
    queryFn: () =>
      api.get("/flows/{namespace}/{id}/dependencies", { params: { path: { namespace, id }, query: { expandAll: all === "true" } } }),
  });
  const open = useCallback(
    (chosen: { namespace: string; id: string }) =>
      void navigate({
        to: "/flows/$namespace/$flow",
        params: { namespace: chosen.namespace, flow: chosen.id },
        search: { tab: "dependencies" },
      }),
    [navigate],
  );
  if (found.error && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading label="Loading dependencies" />;
  if (found.data.edges.length === 0)
    return (
      <Empty title="It stands alone">
        It starts no other flow, and no flow starts it. A task core.flow.Subflow, or a trigger core.trigger.Flow, would be drawn here.
      </Empty>
    );
  return (
    <div className={css.fill}>
      <div className={css.bar}>
        <span className={css.dim}>Lines lead from the flow that is first to the one that it starts.</span>
        <Switch
          className={css.push}
          label="And what those start, and so on"
          checked={all === "true"}
          onChange={(event) => {
            const on = event.currentTarget.checked;
            void navigate({ search: (now) => ({ ...now, all: on ? "true" : undefined }), replace: true });
          }}
        />
      </div>
      <div className={css.graphFill}>
        <FlowLinks graph={found.data} here={{ namespace, id }} onOpen={open} />
      </div>
    </div>
  );
}
