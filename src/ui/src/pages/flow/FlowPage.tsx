import { Button, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { asProblem } from "@/api/problem";
import type { FlowWithSource } from "@/api/types";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { DependenciesTab } from "@/pages/flow/DependenciesTab";
import css from "@/pages/flow/Flow.module.css";
import { FlowMenu, FlowSwitch } from "@/pages/flow/FlowActions";
import { MetricsTab } from "@/pages/flow/MetricsTab";
import { OverviewTab } from "@/pages/flow/OverviewTab";
import { RevisionsTab } from "@/pages/flow/RevisionsTab";
import { RunDrawer } from "@/pages/flow/RunDrawer";
import { FLOW_TABS, type FlowTab } from "@/pages/flow/search";
import { TriggersTab } from "@/pages/flow/TriggersTab";
import { useFlow } from "@/pages/flow/useFlow";
import { CopyAs, curlOf } from "@/parts/Copy";
import { sentence } from "@/parts/explained";
import { Page, PageTabs } from "@/parts/Page";
import { RunsTable } from "@/parts/RunsTable";
import { Empty, Failed, Loading } from "@/parts/Shown";

const EditorTab = lazy(() => import("@/pages/flow/EditorTab"));

/** One flow: what it does, its text, its runs. */
export default function FlowPage() {
  const { namespace, flow: id } = useParams({ from: "/flows/$namespace/$flow" });
  const flow = useFlow({ namespace, id });
  const shown = flow.data?.namespace === namespace && flow.data.id === id ? flow.data : null;
  if (shown && !(flow.error && asProblem(flow.error).missing)) return <Shown key={`${namespace}/${id}`} flow={shown} />;
  return (
    <Page title={id} trail={<Trail namespace={namespace} />} wide>
      {flow.error ? <Missing error={flow.error} again={() => void flow.refetch()} /> : <Loading label="Loading the flow" />}
    </Page>
  );
}

function Missing({ error, again }: { error: unknown; again: () => void }) {
  const problem = asProblem(error);
  if (!problem.missing) return <Failed error={error} again={again} />;
  return (
    <Empty title="There is no such flow" action={<Link to="/flows">See all flows</Link>}>
      {`${sentence(problem.detail)} Where it was deleted, its executions are still there.`}
    </Empty>
  );
}

function Trail({ namespace }: { namespace: string }) {
  return (
    <>
      <Link to="/flows">Flows</Link> /{" "}
      <Link to="/flows" search={{ namespace }}>
        {namespace}
      </Link>{" "}
      /
    </>
  );
}

function Shown({ flow }: { flow: FlowWithSource }) {
  const { namespace, id } = flow;
  const search = useSearch({ from: "/flows/$namespace/$flow" });
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const mayRun = useMay("run", namespace);
  const mayWrite = useMay("write", namespace);
  const tab = search.tab ?? "overview";
  const go = useMemo(() => (next: FlowTab) => void navigate({ search: next === "overview" ? {} : { tab: next } }), [navigate]);
  const form = useMemo(
    () => (open: boolean) => void navigate({ search: (now) => ({ ...now, run: open ? "form" : undefined }), replace: true }),
    [navigate],
  );
  useCommands(
    useMemo(
      () => [
        ...(mayRun && !flow.disabled ? [{ id: "flow:run", label: `Run ${id}`, note: "This flow", run: () => form(true) }] : []),
        ...FLOW_TABS.map((each) => ({ id: `flow:${each}`, label: `${id}: ${each}`, note: "This flow", run: () => go(each) })),
      ],
      [mayRun, flow.disabled, id, form, go],
    ),
  );
  const count = flow.triggers.length;
  const tabs: { value: FlowTab; label: string }[] = [
    { value: "overview", label: "Overview" },
    { value: "editor", label: mayWrite ? "Editor" : "Source" },
    { value: "runs", label: "Runs" },
    { value: "revisions", label: "Revisions" },
    { value: "triggers", label: count > 0 ? `Triggers ${count}` : "Triggers" },
    { value: "metrics", label: "Metrics" },
    { value: "dependencies", label: "Dependencies" },
  ];
  return (
    <Page
      title={id}
      trail={<Trail namespace={namespace} />}
      beside={
        <>
          <Link className={css.dim} to="/flows/$namespace/$flow" params={{ namespace, flow: id }} search={{ tab: "revisions" }}>
            revision {flow.revision}
          </Link>
          <FlowSwitch flow={flow} />
        </>
      }
      actions={
        <>
          {mayRun && <CopyAs curl={curlOf("POST", `/executions/${namespace}/${id}`)} cli={`onbeat flows run ${namespace}.${id}`} />}
          <FlowMenu flow={flow} />
          {mayRun && (
            <Tooltip label="It is off: switch it on to run it" disabled={!flow.disabled}>
              <Button leftSection={<IconPlayerPlay className={css.icon} aria-hidden />} onClick={() => form(true)} disabled={flow.disabled}>
                Run
              </Button>
            </Tooltip>
          )}
        </>
      }
      below={<PageTabs value={tab} onChange={go} tabs={tabs} />}
      wide
    >
      <Suspense fallback={<Loading />}>
        <Tab tab={tab} flow={flow} />
      </Suspense>
      {mayRun && <RunDrawer flow={flow} opened={search.run === "form"} onClose={() => form(false)} />}
    </Page>
  );
}

function Tab({ tab, flow }: { tab: FlowTab; flow: FlowWithSource }) {
  switch (tab) {
    case "editor":
      return <EditorTab flow={flow} />;
    case "runs":
      return (
        <div className={css.fill}>
          <RunsTable filter={{ namespace: flow.namespace, flowId: flow.id }} empty={<NoRuns flow={flow} />} />
        </div>
      );
    case "revisions":
      return <RevisionsTab flow={flow} />;
    case "triggers":
      return <TriggersTab flow={flow} />;
    case "metrics":
      return <MetricsTab flow={flow} />;
    case "dependencies":
      return <DependenciesTab flow={flow} />;
    default:
      return <OverviewTab flow={flow} />;
  }
}

function NoRuns({ flow }: { flow: FlowWithSource }) {
  return (
    <Empty title="It has not run yet" command={`onbeat flows run ${flow.namespace}.${flow.id}`}>
      {flow.triggers.length > 0 ? "Its triggers start it, or you: press Run, or use this." : "Press Run, or use this."}
    </Empty>
  );
}
