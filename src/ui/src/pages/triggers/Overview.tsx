import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Trigger } from "@/api/types";
import { LastEvent } from "@/pages/triggers/LastEvent";
import { flowParts, isOfBus, isSchedule, isShared, isWebhook, topicsOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { filterOf } from "@/pages/triggers/TriggerPage";
import { Webhook } from "@/pages/triggers/Webhook";
import { Facts } from "@/parts/Facts";
import { Section } from "@/parts/Page";
import { RunsTable } from "@/parts/RunsTable";
import { TimeAgo } from "@/parts/Time";
import { exactText } from "@/parts/time";

/** What a trigger is and does: facts left, what it heard and started right. */
export function Overview({ trigger }: { trigger: Trigger }) {
  const shared = isShared(trigger);
  const next = trigger.state.nextExecutionDate;
  const backfill = trigger.state.backfill;
  const topics = topicsOf(trigger);
  return (
    <div className={css.split}>
      <div className={css.side}>
        <Section title="Facts">
          <Facts
            of={[
              ["Starts", <Flows key="flows" flows={trigger.flows} />],
              [
                "Type",
                <Link key="type" to="/plugins/$type" params={{ type: trigger.type }}>
                  {trigger.type}
                </Link>,
              ],
              [
                topics.length > 1 ? "Topics" : "Topic",
                topics.length > 0 ? <Topics key="topics" topics={topics} linked={isOfBus(trigger)} /> : null,
              ],
              ["Next time", isSchedule(trigger) ? <Next key="next" at={next} off={trigger.disabled} /> : null],
              [
                "Lag",
                trigger.lag === null ? null : (
                  <Tooltip key="lag" label="Events that have come and that it has not taken yet">
                    <span>{trigger.lag === 0 ? "none" : `${trigger.lag.toLocaleString()} events`}</span>
                  </Tooltip>
                ),
              ],
              ["Received", shared ? null : `${trigger.received.toLocaleString()} since the server was started`],
              ["Last event", shared ? null : <TimeAgo key="last" at={trigger.lastEvent} />],
              [
                "Backfill",
                backfill ? (
                  <Link key="backfill" to="/triggers/$name" params={{ name: trigger.name }} search={{ tab: "backfill" }}>
                    {`${backfill.runs.toLocaleString()} of ${backfill.total.toLocaleString()}${backfill.paused ? ", paused" : ""}`}
                  </Link>
                ) : null,
              ],
              ["Ends after", trigger.state.stopAfter?.join(", ") ?? null],
              ["About", typeof trigger.trigger.description === "string" ? trigger.trigger.description : null],
            ]}
          />
        </Section>
        {isWebhook(trigger) && <Webhook trigger={trigger} />}
      </div>
      <div className={css.main}>
        {!isSchedule(trigger) && <LastEvent trigger={trigger} />}
        <Section
          title="Last executions"
          actions={
            <Link to="/triggers/$name" params={{ name: trigger.name }} search={{ tab: "runs" }}>
              All
            </Link>
          }
        >
          <div className={css.table}>
            <RunsTable filter={filterOf(trigger)} rows={8} empty={<p className={css.pad}>It has started nothing yet.</p>} />
          </div>
        </Section>
      </div>
    </div>
  );
}

function Flows({ flows }: { flows: readonly string[] }) {
  if (flows.length === 0) return <>no flow</>;
  return (
    <>
      {flows.map((flow) => (
        <div key={flow}>
          <Link to="/flows/$namespace/$flow" params={flowParts(flow)}>
            {flow}
          </Link>
        </div>
      ))}
    </>
  );
}

function Topics({ topics, linked }: { topics: readonly string[]; linked: boolean }) {
  return (
    <>
      {topics.map((topic) => (
        <div key={topic}>
          {linked ? (
            <Link to="/events" search={{ topic }}>
              {topic}
            </Link>
          ) : (
            topic
          )}
        </div>
      ))}
    </>
  );
}

function Next({ at, off }: { at: string | null; off: boolean }) {
  if (off) return <>none while it is off</>;
  if (at === null) return <>none: all its times are past</>;
  return (
    <>
      <TimeAgo at={at} /> <span className={css.dim}>{exactText(Date.parse(at)).replace(/\.\d{3}/, "")}</span>
    </>
  );
}
