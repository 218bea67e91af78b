import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { FlowWithSource } from "@/api/types";
import { FlowEditor } from "@/editor/FlowEditor";
import { flowKey } from "@/pages/flow/useFlow";
import { FLOWS_KEY } from "@/pages/flows/useFlows";

/** A flow's text: to edit, or to read for who may not. */
export default function EditorTab({ flow }: { flow: FlowWithSource }) {
  const client = useQueryClient();
  const { side, task, line } = useSearch({ from: "/flows/$namespace/$flow" });
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const { namespace, id, revision, source } = flow;
  const initial = useMemo(() => ({ namespace, id, revision, source: source ?? "" }), [namespace, id, revision, source]);
  return (
    <FlowEditor
      initial={initial}
      side={side}
      begin={line ? Number(line) : task}
      onSide={(next) => void navigate({ search: (now) => ({ ...now, side: next }), replace: true })}
      onSaved={(saved) => {
        client.setQueryData(flowKey(flow), saved);
        void client.invalidateQueries({ queryKey: FLOWS_KEY });
      }}
    />
  );
}
