import { Link } from "@tanstack/react-router";
import css from "@/pages/execution/Chain.module.css";
import type { Chain } from "@/pages/execution/useChain";
import { Loading } from "@/parts/Shown";
import { StateBadge } from "@/parts/StateBadge";
import { Duration, TimeAgo } from "@/parts/Time";

/** Who started whom, from the first cause on, with the states as they are now. */
export function ChainView({ chain, own, correlation }: { chain: Chain; own: string; correlation: string | undefined }) {
  if (chain.loading) return <Loading rows={4} label="Loading the chain" />;
  const one = chain.links.length <= 1;
  return (
    <div className={css.view}>
      <p className={css.hint}>
        {one
          ? "Nothing started this execution, and it has started nothing: no subflow, no event that a trigger took, no replay."
          : "Executions that began with one event or start: subflows, replays, and what their events started."}
      </p>
      <ul className={css.tree} aria-label="Chain of executions">
        {chain.links.map(({ line, depth }) => (
          <li
            key={line.id}
            className={css.row}
            data-own={line.id === own || undefined}
            style={{ paddingLeft: `calc(var(--space-6) * ${depth} + var(--space-3))` }}
          >
            {depth > 0 && <span className={css.elbow} aria-hidden />}
            <StateBadge state={line.state.current} />
            {line.id === own ? (
              <strong className={css.flow}>{line.flowId} (this one)</strong>
            ) : (
              <Link to="/executions/$id" params={{ id: line.id }} className={css.flow}>
                {line.flowId}
              </Link>
            )}
            <span className={css.why}>
              {whyOf(
                line.trigger?.id,
                line.parentId,
                line.labels.some((label) => label.key === "system.replay"),
              )}
            </span>
            <span className={css.took}>
              <Duration of={line.state.duration} from={line.state.startDate} to={line.state.endDate} />
            </span>
            <span className={css.when}>
              <TimeAgo at={line.state.startDate} />
            </span>
          </li>
        ))}
      </ul>
      {chain.total > chain.links.length && correlation && (
        <Link to="/executions" search={{ q: correlation }}>
          {(chain.total - chain.links.length).toLocaleString()} more
        </Link>
      )}
    </div>
  );
}

function whyOf(trigger: string | undefined, parent: string | null, replay: boolean): string {
  if (replay) return "replay";
  if (parent) return trigger ? `by task ${trigger}` : "subflow";
  return trigger ? `by trigger ${trigger}` : "the first";
}
