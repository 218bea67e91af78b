import { Link } from "@tanstack/react-router";
import { Fold } from "@/graph/Fold";
import type { Within } from "@/graph/within";
import type { Child } from "@/pages/execution/child";
import css from "@/pages/execution/RunPanel.module.css";

interface ChildLinksProps {
  child: Child | null;
  /** Whether it is drawn within the topology. */
  within: Within;
  /** With it that can be changed. */
  onWithin?: () => void;
}

export function ChildLink({ child }: { child: Child }) {
  return (
    <Link to="/executions/$id" params={{ id: child.id }}>
      Open its execution{child.flowId !== null && ` of ${child.flowId}`}
    </Link>
  );
}

/** What a task run has started: where it is, and whether it is drawn here. */
export function ChildLinks({ child, within, onWithin }: ChildLinksProps) {
  if (!child && !onWithin) return null;
  return (
    <p className={css.child}>
      {child && <ChildLink child={child} />}
      {onWithin && <Fold within={within} onWithin={onWithin} />}
    </p>
  );
}
