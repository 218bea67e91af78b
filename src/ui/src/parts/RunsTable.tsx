/** The executions of a flow, namespace or trigger as they come and change: a live list for other pages. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import type { FilterValues } from "@/parts/filter/values";
import css from "@/parts/RunsTable.module.css";
import { runColumns } from "@/parts/runs/columns";
import { RunsList } from "@/parts/runs/RunsList";
import { useHold } from "@/parts/runs/useHold";
import { useRuns } from "@/parts/runs/useRuns";
import { Empty, Failed, Loading } from "@/parts/Shown";

interface RunsTableProps {
  /** Which executions. */
  filter: FilterValues;
  /** Where there are none: what to do next. */
  empty?: ReactNode;
  /** Instead of filling what is around it: as high as so many rows at most. */
  rows?: number;
}

/** A live list of executions. It fills the height that it is given, or is `rows` high at most. */
export function RunsTable({ filter, empty, rows }: RunsTableProps) {
  const hold = useHold(false);
  const followed = useRuns(filter, hold.held);
  const { runs } = followed;
  const columns = useMemo(() => runColumns({ flow: filter.flowId === undefined }), [filter.flowId]);
  if (followed.problem) return <Failed error={followed.problem} again={followed.again} />;
  if (followed.loading) return <Loading rows={rows ?? 8} label="Loading executions" />;
  if (runs.rows.length === 0 && runs.waiting.length === 0)
    return (
      empty ?? (
        <Empty
          title="Nothing has run here"
          command={filter.flowId ? `onbeat run ${filter.flowId}` : undefined}
          action={
            <Button component={Link} to="/executions" variant="default">
              See all executions
            </Button>
          }
        >
          What starts appears here at once.
        </Empty>
      )
    );
  return (
    <div
      className={css.list}
      data-rows={rows !== undefined || undefined}
      style={rows === undefined ? undefined : heightOf(Math.min(rows, Math.max(runs.rows.length, LEAST)))}
      {...hold.around}
    >
      <RunsList followed={followed} hold={hold} columns={columns} />
    </div>
  );
}

/** Rows that there is room for in any case. */
const LEAST = 3;
const heightOf = (rows: number) => ({ "--rows": rows }) as React.CSSProperties;
