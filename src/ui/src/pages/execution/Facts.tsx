import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Cause, causeOf } from "@/pages/execution/cause";
import css from "@/pages/execution/Facts.module.css";
import type { Head } from "@/pages/execution/known";
import { CopyButton } from "@/parts/Copy";
import { ended } from "@/parts/states";
import { Duration, TimeAgo } from "@/parts/Time";

/** What is known at a glance: the flow, what started it, when, how long, its labels. */
export function Facts({ head }: { head: Head }) {
  const { state } = head;
  const over = ended(state.current);
  const own = head.labels.filter((label) => !label.key.startsWith("system."));
  return (
    <dl className={css.facts}>
      <Fact name="Flow">
        <Link to="/flows/$namespace/$flow" params={{ namespace: head.namespace, flow: head.flowId }}>
          {head.namespace}.{head.flowId}
        </Link>
        <span className={css.dim}> r{head.flowRevision}</span>
      </Fact>
      <Fact name="Started">
        <TimeAgo at={state.startDate} />{" "}
        <span className={css.why}>
          <Why cause={causeOf(head)} />
        </span>
      </Fact>
      <Fact name={over ? "Took" : "For"}>
        <Duration of={state.duration} from={state.startDate} to={over ? state.endDate : null} />
      </Fact>
      {(head.metadata.attemptNumber ?? 1) > 1 && <Fact name="Attempt">{head.metadata.attemptNumber}</Fact>}
      {own.length > 0 && (
        <Fact name="Labels" wide>
          {own.map((label) => (
            <Tooltip key={label.key} label={`Executions with ${label.key}:${label.value}`}>
              <Link to="/executions" search={{ labels: [`${label.key}:${label.value}`] }} className={css.label}>
                {label.key}:{label.value}
              </Link>
            </Tooltip>
          ))}
        </Fact>
      )}
      <Fact name="Id" wide>
        <code className={css.id}>{head.id}</code>
        <CopyButton text={head.id} label="Copy the execution's id" />
      </Fact>
    </dl>
  );
}

/** wide: not on a phone, where the menu has it, too. */
function Fact({ name, wide, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={css.fact} data-wide={wide}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Why it is there, with ways to what started it. */
function Why({ cause }: { cause: Cause }) {
  const trigger = cause.trigger && (
    <>
      {" "}
      (
      <Link to="/triggers" search={{ q: cause.trigger }}>
        {cause.trigger}
      </Link>
      )
    </>
  );
  if (cause.execution) {
    return (
      <>
        {cause.text}{" "}
        <Link to="/executions/$id" params={{ id: cause.execution }}>
          {cause.kind === "replay" ? "an earlier execution" : cause.kind === "execution" ? "another execution" : "its parent"}
        </Link>
        {trigger}
      </>
    );
  }
  if (cause.event) {
    return (
      <>
        by{" "}
        <Link to="/events" search={{ tab: "explain", topic: cause.event.topic, event: `${cause.event.topic}/${cause.event.id}` }}>
          an event
        </Link>{" "}
        on {cause.event.topic}
        {trigger}
      </>
    );
  }
  return (
    <>
      {cause.text}
      {trigger}
    </>
  );
}
