import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Trigger } from "@/api/types";
import { flowParts, isShared, lookOf, shortType, troubleOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Triggers.module.css";
import type { Column } from "@/parts/DataTable";
import { Said } from "@/parts/Said";
import { Sign } from "@/parts/Sign";
import { TimeAgo } from "@/parts/Time";

function Status({ trigger }: { trigger: Trigger }) {
  const { family, icon, word, means } = lookOf(trigger);
  return <Sign family={family} icon={icon} word={word} why={troubleOf(trigger) ?? means} spins={trigger.status === "starting"} />;
}

function Flows({ flows }: { flows: readonly string[] }) {
  const [first, ...others] = flows;
  if (first === undefined) return <span className={css.dim}>none</span>;
  return (
    <Tooltip label={flows.join(", ")}>
      <span>
        <Link to="/flows/$namespace/$flow" params={flowParts(first)}>
          {first}
        </Link>
        {others.length > 0 && ` +${others.length}`}
      </span>
    </Tooltip>
  );
}

const number = (value: number | null) => (value === null ? <span className={css.dim}>–</span> : value.toLocaleString());

/** The columns of the list of triggers. */
export const columns: Column<Trigger>[] = [
  {
    id: "name",
    title: "Trigger",
    width: "minmax(8rem, 1fr)",
    cell: (trigger) => (
      <Tooltip label={trigger.name}>
        <span>
          {trigger.triggerId} <span className={css.phone}>{trigger.flows[0]}</span>
        </span>
      </Tooltip>
    ),
  },
  { id: "status", title: "State", width: "7rem", cell: (trigger) => <Status trigger={trigger} /> },
  { id: "flows", title: "Flow", width: "minmax(8rem, 1.4fr)", wide: true, cell: (trigger) => <Flows flows={trigger.flows} /> },
  {
    id: "type",
    title: "Type",
    width: "minmax(6rem, 0.9fr)",
    wide: true,
    cell: (trigger) => (
      <Tooltip label={trigger.type}>
        <span className={css.dim}>{shortType(trigger.type)}</span>
      </Tooltip>
    ),
  },
  {
    id: "lag",
    title: (
      <Tooltip label="Events that have come and that it has not taken yet">
        <span>Lag</span>
      </Tooltip>
    ),
    width: "4.5rem",
    right: true,
    wide: true,
    cell: (trigger) => <span data-behind={(trigger.lag ?? 0) > 0 || undefined}>{number(trigger.lag)}</span>,
  },
  {
    id: "received",
    title: (
      <Tooltip label="Events since the server was started">
        <span>Received</span>
      </Tooltip>
    ),
    width: "5.5rem",
    right: true,
    wide: true,
    cell: (trigger) => number(isShared(trigger) ? null : trigger.received),
  },
  {
    id: "last",
    title: "Last event",
    width: "6rem",
    right: true,
    wide: true,
    cell: (trigger) => <TimeAgo at={isShared(trigger) ? null : trigger.lastEvent} />,
  },
  {
    id: "next",
    title: "Next",
    width: "6rem",
    right: true,
    wide: true,
    cell: (trigger) => <TimeAgo at={trigger.state.nextExecutionDate} />,
  },
  {
    id: "why",
    title: <span className={css.apart}>What is wrong</span>,
    width: "minmax(8rem, 2fr)",
    wide: true,
    cell: (trigger) => {
      const trouble = troubleOf(trigger);
      return trouble ? (
        <Tooltip label={trouble}>
          <span className={css.why}>
            <Said text={trouble} />
          </span>
        </Tooltip>
      ) : null;
    },
  },
];
