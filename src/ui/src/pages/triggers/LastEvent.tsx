import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import type { Trigger } from "@/api/types";
import { useMay } from "@/app/useMe";
import { tailPath } from "@/pages/events/tail";
import { useTail } from "@/pages/events/useTail";
import { STATE_EVENTS, useTopics } from "@/pages/events/useTopics";
import { isOfBus, namespacesOf, topicsOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { filterOf } from "@/pages/triggers/TriggerPage";
import { ButtonLink } from "@/parts/ButtonLink";
import { eventKey } from "@/parts/explained";
import { JsonTree } from "@/parts/JsonTree";
import { Section } from "@/parts/Page";
import { TimeAgo } from "@/parts/Time";
import { WhyNot } from "@/parts/WhyNot";

/** The event that a trigger heard last, and what it did with it; of triggers of other sources what it gave its last execution. */
export function LastEvent({ trigger }: { trigger: Trigger }) {
  const topics = topicsOf(trigger).filter((topic) => topic !== STATE_EVENTS);
  const [topic] = topics;
  if (isOfBus(trigger) && topic !== undefined && topics.length === 1) return <OfTopic trigger={trigger} topic={topic} />;
  if (isOfBus(trigger) && topics.length === 0) return <OfStates trigger={trigger} />;
  return <OfLastRun trigger={trigger} />;
}

const BACK = 5_000;

function OfTopic({ trigger, topic }: { trigger: Trigger; topic: string }) {
  const kept = useTopics().data?.find((each) => each.topic === topic)?.records ?? 0;
  const since = trigger.lastEvent === null ? null : new Date(Date.parse(trigger.lastEvent) - BACK).toISOString();
  // From shortly before the last event that it heard; where it heard none since the server began, from the first of a small topic.
  const begin = since !== null ? { from: since } : kept <= 1000 ? { from: "earliest" } : { from: "now" };
  const mayTry = useMay("evaluate", namespacesOf(trigger)[0]);
  const { events, problem } = useTail(tailPath(topic, begin), topic);
  const last = events.at(-1);
  if (problem || !last)
    return (
      <Section title="Last event">
        <p className={css.none}>
          {problem ? `The events of ${topic} are not shown: ${problem.detail}.` : `Nothing has come on ${topic} yet.`}{" "}
          <Link to="/events" search={{ tab: "publish", topic }}>
            Publish one
          </Link>
        </p>
      </Section>
    );
  const key = eventKey(topic, last.event.id);
  return (
    <Section
      title="Last event"
      actions={
        <span className={css.beside}>
          <TimeAgo at={last.event.time} />
          {mayTry && (
            <ButtonLink to="/triggers/$name" params={{ name: trigger.name }} search={{ tab: "try", event: key }} variant="default">
              Try it
            </ButtonLink>
          )}
        </span>
      }
    >
      <div className={css.event}>
        <WhyNot event={key} only={trigger.name} />
        <JsonTree value={last.event.data} name="data" path="trigger.data" />
      </div>
    </Section>
  );
}

function OfStates({ trigger }: { trigger: Trigger }) {
  return (
    <Section title="Last event">
      <p className={css.none}>
        It hears what happens to every execution
        {trigger.lastEvent && (
          <>
            , last <TimeAgo at={trigger.lastEvent} />
          </>
        )}
        .{" "}
        <Link to="/events" search={{ topic: STATE_EVENTS }}>
          See the state events
        </Link>
        : each says what this trigger did with it.
      </p>
    </Section>
  );
}

function OfLastRun({ trigger }: { trigger: Trigger }) {
  const filter = filterOf(trigger);
  const found = useQuery({
    queryKey: ["trigger", trigger.name, "last", trigger.lastEvent, trigger.received],
    queryFn: async () => {
      const [line] = (await api.get("/executions/search", { params: { query: { ...filter, size: 1 } } })).results;
      if (!line) return null;
      return api.get("/executions/{id}", { params: { path: { id: line.id } } });
    },
  });
  const run = found.data;
  if (!run?.trigger) return null;
  return (
    <Section
      title="What the last execution was started by"
      actions={
        <Link to="/executions/$id" params={{ id: run.id }}>
          <TimeAgo at={run.state.startDate} />
        </Link>
      }
    >
      <div className={css.event}>
        <JsonTree value={run.trigger.variables} name="trigger" />
      </div>
    </Section>
  );
}
