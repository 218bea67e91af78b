import { Tooltip } from "@mantine/core";
import type { Flow } from "@/api/types";
import { shortType } from "@/graph/drawing";
import { typeIcon } from "@/graph/icons";
import css from "@/pages/flows/Flows.module.css";
import { barsOf, firstLine, ratioOf, ratioText, type Tallies } from "@/pages/flows/lines";
import { useLastRuns } from "@/pages/flows/useFlows";
import type { Column } from "@/parts/DataTable";
import { Sparkline } from "@/parts/Sparkline";
import { StateIcon } from "@/parts/StateBadge";
import { TimeAgo } from "@/parts/Time";

/** The columns of the list of flows. */
export function flowColumns(tallies: Tallies | undefined): Column<Flow>[] {
  return [
    { id: "flow", title: "Flow", width: "minmax(9rem, 2fr)", cell: (flow) => <Name flow={flow} /> },
    {
      id: "namespace",
      title: "Namespace",
      width: "minmax(6rem, 1fr)",
      wide: true,
      cell: (flow) => (
        <span className={css.dim} title={flow.namespace}>
          {flow.namespace}
        </span>
      ),
    },
    { id: "triggers", title: "Triggers", width: "6rem", wide: true, cell: (flow) => <Triggers flow={flow} /> },
    { id: "runs", title: "Last runs", width: "7.5rem", wide: true, cell: (flow) => <Runs flow={flow} /> },
    { id: "last", title: "Last run", width: "6.5rem", cell: (flow) => <LastRun flow={flow} /> },
    {
      id: "ratio",
      title: (
        <Tooltip label="Of the executions of the last seven days that have ended: how many did not fail">
          <span>Success</span>
        </Tooltip>
      ),
      width: "4.5rem",
      right: true,
      wide: true,
      cell: (flow) => <Success flow={flow} tallies={tallies} />,
    },
  ];
}

function Name({ flow }: { flow: Flow }) {
  const about = firstLine(flow.description);
  return (
    <span className={css.name} title={flow.description ?? flow.id}>
      <span className={css.id}>{flow.id}</span>
      {flow.disabled && <span className={css.off}>off</span>}
      {about && <span className={css.about}>{about}</span>}
    </span>
  );
}

const MOST = 4;

function Triggers({ flow }: { flow: Flow }) {
  const triggers = flow.triggers.map((each) => ({ id: String(each.id), type: String(each.type), off: each.disabled === true }));
  if (triggers.length === 0) return <span className={css.dim}>–</span>;
  const said = triggers.map((each) => `${each.id}: ${shortType(each.type)}${each.off ? " (off)" : ""}`);
  return (
    <Tooltip label={<span className={css.lines}>{said.join("\n")}</span>}>
      <span className={css.triggers} role="img" aria-label={said.join(", ")}>
        {triggers.slice(0, MOST).map((each) => {
          const Icon = typeIcon(each.type);
          return <Icon key={each.id} className={css.icon} data-off={each.off || undefined} />;
        })}
        {triggers.length > MOST && <span className={css.dim}>+{triggers.length - MOST}</span>}
      </span>
    </Tooltip>
  );
}

function Runs({ flow }: { flow: Flow }) {
  const runs = useLastRuns(flow);
  return runs.data ? <Sparkline bars={barsOf(runs.data)} label={`Last runs of ${flow.id}`} /> : null;
}

function LastRun({ flow }: { flow: Flow }) {
  const last = useLastRuns(flow).data?.[0];
  if (!last) return <span className={css.dim}>–</span>;
  return (
    <span className={css.last}>
      <StateIcon state={last.state.current} />
      <TimeAgo at={last.state.startDate} />
    </span>
  );
}

function Success({ flow, tallies }: { flow: Flow; tallies: Tallies | undefined }) {
  const ratio = ratioOf(tallies, flow);
  if (!ratio) return <span className={css.dim}>–</span>;
  return <span title={`${ratio.good} of ${ratio.ended} in the last seven days`}>{ratioText(ratio)}</span>;
}
