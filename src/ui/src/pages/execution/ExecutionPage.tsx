/** One execution: what became of it and why, what it does now, and what can be done. One task run is chosen, in all views and in the address. */

import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { asProblem } from "@/api/problem";
import { Gantt } from "@/gantt/Gantt";
import { instant, type Run } from "@/gantt/runs";
import { ownNode, startsFlow, toggled, withinOf } from "@/graph/within";
import { ActionsBar } from "@/pages/execution/ActionsBar";
import type { Act } from "@/pages/execution/actions";
import { ChainView } from "@/pages/execution/ChainView";
import { ChildLinks } from "@/pages/execution/ChildLinks";
import { childOf } from "@/pages/execution/child";
import { Dialogs } from "@/pages/execution/Dialogs";
import css from "@/pages/execution/ExecutionPage.module.css";
import { Facts } from "@/pages/execution/Facts";
import { Failure } from "@/pages/execution/Failure";
import { waitingOf } from "@/pages/execution/flowOf";
import { Hold } from "@/pages/execution/Hold";
import { failedRun, type Known } from "@/pages/execution/known";
import { Logs } from "@/pages/execution/Logs";
import { Outputs } from "@/pages/execution/Outputs";
import { RunPanel } from "@/pages/execution/RunPanel";
import { Summary } from "@/pages/execution/Summary";
import type { View } from "@/pages/execution/search";
import { TopologyView } from "@/pages/execution/TopologyView";
import { TriggerView } from "@/pages/execution/TriggerView";
import { useActs } from "@/pages/execution/useActs";
import { useChain } from "@/pages/execution/useChain";
import { useDrawn } from "@/pages/execution/useDrawn";
import { useExecution } from "@/pages/execution/useExecution";
import { useFlow } from "@/pages/execution/useFlow";
import { sentence } from "@/parts/explained";
import { Page, PageTabs } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { StateBadge } from "@/parts/StateBadge";
import { ended } from "@/parts/states";

const TRAIL = (
  <>
    <Link to="/executions">Executions</Link> /
  </>
);

/** The page at /executions/$id. */
export default function ExecutionPage() {
  const { id } = useParams({ from: "/executions/$id" });
  const { known, problem, again } = useExecution(id);
  if (known && known.head.id === id) return <Shown key={id} known={known} again={again} />;
  return (
    <Page title={id} trail={TRAIL}>
      {problem ? <Missing error={problem} again={again} /> : <Loading label="Loading the execution" />}
    </Page>
  );
}

function Missing({ error, again }: { error: unknown; again: () => void }) {
  const problem = asProblem(error);
  if (!problem.missing) return <Failed error={error} again={again} />;
  return (
    <Empty title="There is no such execution" action={<Link to="/executions">See all executions</Link>}>
      {`${sentence(problem.detail)} It was deleted, or purged when its time was over, or the address is not whole.`}
    </Empty>
  );
}

function Shown({ known, again }: { known: Known; again: () => void }) {
  const { head, runs } = known;
  const search = useSearch({ from: "/executions/$id" });
  const navigate = useNavigate({ from: "/executions/$id" });
  const view = search.view ?? "gantt";
  const over = ended(head.state.current);

  /** Who watched it run keeps the log beside the Gantt when it has ended. */
  const [watched] = useState(!over);
  const failed = head.state.current === "FAILED";
  const telling = useMemo(() => (failed ? failedRun(known) : null), [failed, known]);
  const chosen = (search.run ? runs.get(search.run) : undefined) ?? null;
  const select = useCallback(
    (run: string | undefined) => void navigate({ search: (before) => ({ ...before, run }), replace: true }),
    [navigate],
  );
  /** Chosen in a view that has no place for its panel: in the Gantt, where it has. */
  const open = (run: string) => void navigate({ search: (before) => ({ ...before, view: undefined, run }) });
  const show = (next: View) => void navigate({ search: (before) => ({ ...before, view: next === "gantt" ? undefined : next }) });

  const { data: flow, isPending: unread } = useFlow(head);
  const paused = head.state.current === "PAUSED";
  const waiting = useMemo(() => waitingOf(paused ? runs : NONE, flow), [paused, runs, flow]);
  const waits = paused && !unread ? waiting.kind : null;
  const correlation = head.labels.find((label) => label.key === "system.correlationId")?.value;
  const chain = useChain(correlation, runs, head.id);

  const drawn = useDrawn(head, view === "topology", chain.links, search.within);
  const node = chosen && view === "topology" && drawn.data ? ownNode(drawn.data, chosen.task, search.within) : undefined;
  const starting = node && startsFlow(node) ? node.uid : null;
  const fold = (uid: string) => void navigate({ search: (before) => ({ ...before, within: toggled(before.within, uid) }), replace: true });

  const [act, setAct] = useState<Act | null>(null);
  const acts = useActs(head, again);
  const { mutate } = acts;
  const chosenId = chosen?.id;
  const start = useCallback(
    (next: Act) => {
      if (next === "restart" || next === "pause" || next === "run-now" || next === "replay") mutate({ act: next });
      else if (next === "restart-newest") mutate({ act: "restart", revision: "newest" });
      else if (next === "replay-from") mutate({ act: "replay", run: chosenId });
      else if (next === "resume" && waiting.kind === "hand") mutate({ act: "resume" });
      else setAct(next);
    },
    [mutate, waiting.kind, chosenId],
  );

  const panel = chosen ? (
    <RunPanel
      head={head}
      run={chosen}
      panel={search.panel ?? "logs"}
      onPanel={(next) => void navigate({ search: (before) => ({ ...before, panel: next === "logs" ? undefined : next }), replace: true })}
      onClose={() => select(undefined)}
      onAct={start}
      below={
        <ChildLinks
          child={childOf(head.id, chosen, chain.links)}
          within={drawn.data && starting ? withinOf(drawn.data, starting, search.within, drawn.isPlaceholderData) : "no"}
          onWithin={starting ? () => fold(starting) : undefined}
        />
      }
    />
  ) : over && !watched ? (
    <Summary known={known} />
  ) : (
    <section className={css.whole} aria-label="Log of the execution">
      <Logs execution={head.id} ended={over} onRun={select} />
    </section>
  );
  const beside = (main: React.ReactNode) => (
    <div className={css.split}>
      <div className={css.main} data-view={view}>
        {main}
      </div>
      <aside className={css.side}>{panel}</aside>
    </div>
  );

  return (
    <Page
      wide
      title={head.flowId}
      trail={TRAIL}
      beside={<StateBadge state={head.state.current} large />}
      actions={<ActionsBar head={head} waits={waits} run={runOf(chosen)} busy={acts.isPending} onAct={start} />}
      below={
        <>
          <Facts head={head} />
          <PageTabs value={view} onChange={show} tabs={tabsOf(known, chain.total)} />
        </>
      }
    >
      <div className={css.body}>
        {view === "gantt" && (
          <>
            {failed && <Failure known={known} run={telling} child={telling && childOf(head.id, telling, chain.links)} onOpen={select} />}
            {waits && <Hold waiting={waiting} namespace={head.namespace} />}
            {beside(
              <Gantt
                runs={runs}
                start={instant(head.state.startDate)}
                end={over && head.state.endDate ? instant(head.state.endDate) : null}
                folds={(head.metadata.attemptNumber ?? 1) > 1}
                selected={chosen?.id}
                onSelect={select}
              />,
            )}
          </>
        )}
        {view === "topology" && beside(<TopologyView drawn={drawn} runs={runs} chosen={chosen} onSelect={select} />)}
        {view === "logs" && (
          <div className={css.full}>
            <Logs execution={head.id} ended={over} onRun={open} />
          </div>
        )}
        {view === "outputs" && <Outputs known={known} chosen={chosen} />}
        {view === "trigger" && <TriggerView head={head} />}
        {view === "chain" && <ChainView chain={chain} own={head.id} correlation={correlation} />}
      </div>
      <Dialogs
        act={act}
        onClose={() => setAct(null)}
        head={head}
        run={chosen}
        flow={flow}
        waiting={waiting}
        busy={acts.isPending}
        onAsk={(ask) => mutate(ask, { onSuccess: () => setAct(null) })}
        again={again}
      />
    </Page>
  );
}

const NONE: ReadonlyMap<string, Run> = new Map();
const runOf = (run: Run | null) => run && { id: run.id, ended: run.end !== null };

function tabsOf({ head }: Known, related: number): { value: View; label: string }[] {
  return [
    { value: "gantt", label: "Gantt" },
    { value: "topology", label: "Topology" },
    { value: "logs", label: "Logs" },
    { value: "outputs", label: "Inputs and outputs" },
    ...(head.trigger ? [{ value: "trigger" as const, label: "Trigger" }] : []),
    { value: "chain", label: related > 1 ? `Chain ${related.toLocaleString()}` : "Chain" },
  ];
}
