import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { FlowWithSource } from "@/api/types";
import { Topology } from "@/graph/Topology";
import { ownNode, startsFlow, toggled, withinOf } from "@/graph/within";
import css from "@/pages/flow/Flow.module.css";
import { TaskPanel } from "@/pages/flow/TaskPanel";
import { TriggerList } from "@/pages/flow/TriggerList";
import { useGraph } from "@/pages/flow/useFlow";
import type { FlowName } from "@/pages/flows/lines";
import { Markdown } from "@/parts/Markdown";
import { Section } from "@/parts/Page";
import { RunsTable } from "@/parts/RunsTable";
import { Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

const ROWS = 8;

/** What a flow does, what starts it, how it went. */
export function OverviewTab({ flow }: { flow: FlowWithSource }) {
  const { task, within } = useSearch({ from: "/flows/$namespace/$flow" });
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const graph = useGraph(flow, flow.revision, within);
  const chosen = graph.data && ownNode(graph.data, task, within);
  const choose = useCallback(
    (next: string | undefined) =>
      void navigate({ search: (now) => ({ ...now, task: next === now.task ? undefined : next }), replace: true }),
    [navigate],
  );
  const fold = (uid: string) => void navigate({ search: (now) => ({ ...now, within: toggled(now.within, uid) }), replace: true });
  const openInner = useCallback(
    (other: FlowName, inner: string) =>
      void navigate({ to: "/flows/$namespace/$flow", params: { namespace: other.namespace, flow: other.id }, search: { task: inner } }),
    [navigate],
  );
  const { namespace, id } = flow;
  const openTrigger = useCallback(
    (trigger: string) => void navigate({ to: "/triggers/$name", params: { name: `${namespace}.${id}.${trigger}` }, search: {} }),
    [navigate, namespace, id],
  );
  return (
    <div className={css.overview}>
      <div className={css.graph}>
        {graph.data ? (
          <Topology graph={graph.data} selected={task} onSelect={choose} onInner={openInner} onTrigger={openTrigger} />
        ) : graph.error ? (
          <Failed error={graph.error} again={() => void graph.refetch()} />
        ) : (
          <Loading label="Loading the topology" />
        )}
      </div>
      <aside className={css.side} aria-label={task ? `Task ${task}` : `About ${flow.id}`}>
        {task ? (
          <TaskPanel
            key={task}
            flow={flow}
            task={task}
            onClose={() => choose(undefined)}
            within={graph.data && chosen ? withinOf(graph.data, chosen.uid, within, graph.isPlaceholderData) : "no"}
            onWithin={chosen && startsFlow(chosen) ? () => fold(chosen.uid) : undefined}
          />
        ) : (
          <About flow={flow} />
        )}
      </aside>
    </div>
  );
}

function About({ flow }: { flow: FlowWithSource }) {
  const { namespace, id, labels, description } = flow;
  return (
    <>
      {description && (
        <Section title="Description">
          <Markdown text={description} />
        </Section>
      )}
      {flow.triggers.length > 0 && (
        <Section title="Triggers">
          <TriggerList flow={flow} />
        </Section>
      )}
      <Section title="Details">
        <dl className={css.facts}>
          <dt>Changed</dt>
          <dd>
            <TimeAgo at={flow.updated} />
          </dd>
          <dt>Kept in</dt>
          <dd>{flow.file ? <code>{flow.file}</code> : "the store of the server"}</dd>
          {flow.inputs.length > 0 && (
            <>
              <dt>Inputs</dt>
              <dd>{flow.inputs.map((input) => `${input.id}: ${input.type}`).join(", ")}</dd>
            </>
          )}
          {flow.concurrency && (
            <>
              <dt>At once</dt>
              <dd>
                {String(flow.concurrency.limit)}, then {String(flow.concurrency.behavior ?? "QUEUE").toLowerCase()}
              </dd>
            </>
          )}
          {labels.length > 0 && (
            <>
              <dt>Labels</dt>
              <dd className={css.labels}>
                {labels.map((label) => (
                  <Link key={label.key} className={css.label} to="/flows" search={{ labels: [`${label.key}:${label.value}`] }}>
                    {label.key}: {label.value}
                  </Link>
                ))}
              </dd>
            </>
          )}
        </dl>
      </Section>
      <Section
        title="Last runs"
        actions={
          <Link to="/flows/$namespace/$flow" params={{ namespace, flow: id }} search={{ tab: "runs" }}>
            All runs
          </Link>
        }
      >
        <div className={css.runs}>
          <RunsTable
            filter={{ namespace, flowId: id }}
            rows={ROWS}
            empty={<p className={css.none}>It has not run yet. What starts appears here at once.</p>}
          />
        </div>
      </Section>
    </>
  );
}
