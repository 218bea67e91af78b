import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ExecutionLine, Label } from "@/api/types";
import { CopyButton } from "@/parts/Copy";
import type { Column } from "@/parts/DataTable";
import css from "@/parts/runs/columns.module.css";
import { StateBadge } from "@/parts/StateBadge";
import { Duration, TimeAgo } from "@/parts/Time";

const SHORT = 8;

/** The end of an id: ids that were made at the same time begin alike. */
export const shortId = (id: string): string => id.slice(-SHORT);

/** The labels that somebody set; those of the system have columns of their own. */
export const ownLabels = (labels: readonly Label[]): Label[] => labels.filter((each) => !each.key.startsWith("system."));

/** What started it, in a word or two. */
export function causeOf(line: ExecutionLine): string {
  if (line.trigger) return line.trigger.id;
  return line.parentId ? "subflow" : "by hand";
}

function Cause({ line }: { line: ExecutionLine }) {
  if (line.parentId)
    return (
      <Link to="/executions/$id" params={{ id: line.parentId }}>
        {line.trigger?.id ?? "subflow"}
      </Link>
    );
  return <span className={line.trigger ? undefined : css.faint}>{causeOf(line)}</span>;
}

/** The columns of a list of executions. flow: with the flow's name, where the list is of several. */
export function runColumns({ flow }: { flow: boolean }): Column<ExecutionLine>[] {
  return [
    {
      id: "state",
      title: "State",
      width: "6.5rem",
      cell: (line) => (
        <>
          <StateBadge state={line.state.current} />
          <span className={css.hidden}>
            {line.namespace} {line.flowId} {shortId(line.id)}
          </span>
        </>
      ),
    },
    ...(flow ? [flowColumn] : []),
    {
      id: "id",
      title: "Id",
      width: "8.5rem",
      wide: true,
      cell: (line) => (
        <span className={css.id}>
          <Tooltip label={line.id}>
            <code>{shortId(line.id)}</code>
          </Tooltip>
          <span className={css.copy}>
            <CopyButton text={line.id} label="Copy the id" />
          </span>
        </span>
      ),
    },
    { id: "cause", title: "Started by", width: "minmax(6rem, 1fr)", wide: true, cell: (line) => <Cause line={line} /> },
    { id: "labels", title: "Labels", width: "minmax(6rem, 1.4fr)", wide: true, cell: (line) => <Labels labels={ownLabels(line.labels)} /> },
    { id: "started", title: "Started", width: "5rem", right: true, cell: (line) => <TimeAgo at={line.state.startDate} /> },
    {
      id: "duration",
      title: "Duration",
      width: "6rem",
      right: true,
      wide: true,
      cell: (line) => <Duration of={line.state.duration} from={line.state.startDate} to={line.state.endDate} />,
    },
  ];
}

const flowColumn: Column<ExecutionLine> = {
  id: "flow",
  title: "Flow",
  width: "minmax(0, 2fr)",
  cell: (line) => (
    <Tooltip label={`${line.namespace} / ${line.flowId}, revision ${line.flowRevision}`}>
      <span>
        <span className={css.flow}>{line.flowId}</span> <span className={css.dim}>{line.namespace}</span>
      </span>
    </Tooltip>
  ),
};

/** Labels in a line; those that do not fit are on hover. */
export function Labels({ labels }: { labels: readonly Label[] }) {
  if (labels.length === 0) return null;
  const text = labels.map((each) => `${each.key}: ${each.value}`).join("\n");
  return (
    <Tooltip label={<span className={css.lines}>{text}</span>}>
      <span className={css.labels}>
        {labels.map((each) => (
          <span key={`${each.key}:${each.value}`} className={css.label}>
            <span className={css.dim}>{each.key}</span> {each.value}
          </span>
        ))}
      </span>
    </Tooltip>
  );
}
