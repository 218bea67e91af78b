import { Link } from "@tanstack/react-router";
import css from "@/parts/RunLines.module.css";
import { StateBadge } from "@/parts/StateBadge";
import { Duration, TimeAgo } from "@/parts/Time";
import type { Lines } from "@/parts/useLines";

/** A few executions, each in a line: state, flow, how long, when. For long lists there is RunsTable. */
export function RunLines({ lines, waiting = "Nothing was started yet." }: { lines: Lines; waiting?: string }) {
  if (!lines?.length) return <p className={css.none}>{waiting}</p>;
  return (
    <ul className={css.lines}>
      {lines.map(({ id, namespace, flowId, state }) => (
        <li key={id} className={css.line}>
          <StateBadge state={state.current} />
          <Link to="/executions/$id" params={{ id }} className={css.flow} title={`${namespace}.${flowId} ${id}`}>
            <span className={css.dim}>{namespace}.</span>
            {flowId}
          </Link>
          <span className={css.number}>
            <Duration of={state.duration} from={state.startDate} />
          </span>
          <span className={css.ago}>
            <TimeAgo at={state.startDate} />
          </span>
        </li>
      ))}
    </ul>
  );
}
