import { ActionIcon, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMay } from "@/app/useMe";
import css from "@/pages/events/Events.module.css";
import type { TailEvent } from "@/pages/events/tail";
import { STATE_EVENTS } from "@/pages/events/useTopics";
import { ButtonLink } from "@/parts/ButtonLink";
import { Copyable, CopyButton } from "@/parts/Copy";
import { eventKey } from "@/parts/explained";
import { Facts } from "@/parts/Facts";
import { JsonTree } from "@/parts/JsonTree";
import { Section } from "@/parts/Page";
import { exactText } from "@/parts/time";
import { WhyNot } from "@/parts/WhyNot";

interface EventDetailProps {
  topic: string;
  shown: TailEvent;
  /** Undefined: what is around it closes it. */
  close: (() => void) | undefined;
}

/** One event: what it started and what not, and itself as a CloudEvent. */
export function EventDetail({ topic, shown: { event, position }, close }: EventDetailProps) {
  const mayPublish = useMay("publish");
  const key = eventKey(topic, event.id);
  const run = topic === STATE_EVENTS ? (event.data as { executionId?: unknown } | null)?.executionId : undefined;
  return (
    <article className={css.article} aria-label={`Event ${event.id}`}>
      <div className={css.top}>
        <Copyable text={event.id} />
        <span className={css.actions}>
          {mayPublish && topic !== STATE_EVENTS && (
            <ButtonLink to="/events" search={{ tab: "publish", topic, event: key }} variant="default">
              Publish again
            </ButtonLink>
          )}
          {close && (
            <Tooltip label="Close">
              <ActionIcon aria-label="Close" onClick={close}>
                <IconX className={css.icon} />
              </ActionIcon>
            </Tooltip>
          )}
        </span>
      </div>
      <Facts
        of={[
          ["Time", exactText(Date.parse(event.time))],
          ["Position", position.toLocaleString()],
          ["Key", event.partitionkey ?? null],
          [
            "Execution",
            typeof run === "string" ? (
              <Link key="run" to="/executions/$id" params={{ id: run }}>
                {run}
              </Link>
            ) : null,
          ],
          ["Caused by", event.causationid ? <Cause key="cause" id={event.causationid} /> : null],
        ]}
      />
      <Section
        title="What it started"
        actions={
          <Link to="/events" search={{ tab: "explain", event: key }}>
            Why not?
          </Link>
        }
      >
        <WhyNot event={key} />
      </Section>
      <Section title="CloudEvent" actions={<CopyButton text={JSON.stringify(event, null, 2)} label="Copy the event as JSON" />}>
        <JsonTree value={event} open={2} />
      </Section>
    </article>
  );
}

const RUN = /^([0-9A-Za-z]{22})(?:[/-]|$)/;

/** What an event comes from: an execution, a task run of one, or another event. */
function Cause({ id }: { id: string }) {
  const run = RUN.exec(id)?.[1];
  if (run === undefined) return <code>{id}</code>;
  return (
    <Link to="/executions/$id" params={{ id: run }}>
      {id}
    </Link>
  );
}
