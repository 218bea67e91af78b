import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { stringify } from "yaml";
import { api } from "@/api/client";
import type { FlowWithSource } from "@/api/types";
import { CodeView } from "@/editor/CodeView";
import { Fold } from "@/graph/Fold";
import type { Within } from "@/graph/within";
import css from "@/pages/flow/Flow.module.css";
import { Failed, Loading } from "@/parts/Shown";

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);

interface TaskPanelProps {
  flow: FlowWithSource;
  task: string;
  onClose: () => void;
  /** Whether the flow that it starts is drawn within; cannot: it was asked for. */
  within: Within;
  /** With it that can be changed. */
  onWithin?: () => void;
}

/** The task that is chosen in the topology, as the flow's text has it. */
export function TaskPanel({ flow, task, onClose, within, onWithin }: TaskPanelProps) {
  const { namespace, id, revision } = flow;
  const found = useQuery({
    queryKey: ["flow-task", namespace, id, revision, task],
    queryFn: () => api.get("/flows/{namespace}/{id}/tasks/{task}", { params: { path: { namespace, id, task }, query: { revision } } }),
  });
  const type = text(found.data?.type);
  const other = { namespace: text(found.data?.namespace), flow: text(found.data?.flowId) };
  return (
    <div className={css.task}>
      <div className={css.taskHead}>
        <h2 className={css.taskName}>{task}</h2>
        <ActionIcon aria-label="Close the task" onClick={onClose}>
          <IconX className={css.icon} />
        </ActionIcon>
      </div>
      {found.data ? (
        <>
          <div className={css.links}>
            {type && (
              <Link to="/plugins/$type" params={{ type }}>
                {type}
              </Link>
            )}
            {other.namespace && other.flow && (
              <Link to="/flows/$namespace/$flow" params={{ namespace: other.namespace, flow: other.flow }}>
                Open {other.flow}
              </Link>
            )}
            <Link to="/flows/$namespace/$flow" params={{ namespace, flow: id }} search={{ tab: "editor", task }}>
              Edit
            </Link>
            {onWithin && <Fold within={within} onWithin={onWithin} />}
          </div>
          <CodeView text={stringify(found.data, { lineWidth: 0 }).trimEnd()} language="yaml" label={`Task ${task}`} />
        </>
      ) : found.error ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : (
        <Loading rows={4} />
      )}
    </div>
  );
}
