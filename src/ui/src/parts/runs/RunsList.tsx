import type { LinkProps } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { ExecutionLine } from "@/api/types";
import { type Column, DataTable } from "@/parts/DataTable";
import { NewPill } from "@/parts/runs/NewPill";
import type { Hold } from "@/parts/runs/useHold";
import type { Followed } from "@/parts/runs/useRuns";

interface RunsListProps {
  followed: Followed;
  hold: Hold;
  columns: readonly Column<ExecutionLine>[];
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  /** Shown after the last row. */
  end?: ReactNode;
  /** When this changes the rows scroll to their top. */
  toTop?: number;
}

/** Executions as they come and change, and above them how many wait while somebody reads. */
export function RunsList({ followed, hold, columns, selected, onSelect, end, toTop = 0 }: RunsListProps) {
  const [released, setReleased] = useState(0);
  const { runs } = followed;
  return (
    <>
      <NewPill
        runs={runs}
        held={hold.held}
        show={() => {
          followed.release();
          setReleased((now) => now + 1);
        }}
      />
      <DataTable
        label="Executions"
        rows={runs.rows}
        columns={columns}
        keyOf={idOf}
        linkOf={linkOf}
        selected={selected}
        onSelect={onSelect}
        onScroll={(away, nearEnd) => {
          hold.onScroll(away);
          if (nearEnd) followed.older();
        }}
        dim={runs.gone}
        toTop={toTop + released}
        end={end}
      />
    </>
  );
}

const idOf = (line: ExecutionLine): string => line.id;
const linkOf = (line: ExecutionLine): LinkProps => ({ to: "/executions/$id", params: { id: line.id } });
