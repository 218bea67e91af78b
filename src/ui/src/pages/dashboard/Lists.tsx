/** The lists of the dashboard: what failed and why, what waits for somebody, what runs, what comes. */

import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ExecutionLine, Trigger } from "@/api/types";
import css from "@/pages/dashboard/dashboard.module.css";
import { type Scope, useNewest, useWhy } from "@/pages/dashboard/data";
import { byFlow } from "@/pages/dashboard/numbers";
import { byUrgency, nextOf } from "@/pages/dashboard/triggers";
import { lookOf } from "@/pages/triggers/status";
import type { FilterValues } from "@/parts/filter/values";
import { Section } from "@/parts/Page";
import { Said } from "@/parts/Said";
import { Failed, Loading } from "@/parts/Shown";
import { StateIcon } from "@/parts/StateBadge";
import { Duration, TimeAgo } from "@/parts/Time";
import { totalText } from "@/parts/total";

const OPEN = ["CREATED", "RUNNING", "RESTARTED", "RETRYING", "KILLING"] as const;

/** Failures that are put together by their flow, and how many flows are shown. */
const LOOKED_AT = 100;
const FLOWS = 6;

interface ListProps {
  scope: Scope;
  time: FilterValues;
}

/** The flows that failed last: the newest failure of each with its task and error. */
export function Failures({ scope, time }: ListProps) {
  const found = useNewest(scope, ["FAILED"], LOOKED_AT, true);
  return (
    <Section title="Failed last" actions={<All search={{ ...time, state: ["FAILED"] }} total={found.data?.total ?? 0} />}>
      <Found query={found} none="Nothing failed in this time.">
        {(lines) =>
          byFlow(lines)
            .slice(0, FLOWS)
            .map(({ newest: line, count }) => (
              <li key={line.id}>
                <Link to="/executions/$id" params={{ id: line.id }} className={css.failure}>
                  <StateIcon state={line.state.current} />
                  <span className={css.two}>
                    <span className={css.line}>
                      <b>{line.flowId}</b> <span className={css.dim}>{line.namespace}</span>
                      {count > 1 && <span className={css.count}>{count === LOOKED_AT ? `${count}+` : count} times</span>}
                    </span>
                    <Why line={line} />
                  </span>
                  <span className={css.when}>
                    <TimeAgo at={line.state.endDate ?? line.state.startDate} />
                  </span>
                </Link>
              </li>
            ))
        }
      </Found>
    </Section>
  );
}

function Why({ line }: { line: ExecutionLine }) {
  const why = useWhy(line.id, line.state.endDate);
  if (!why.data) return <span className={css.why}>{why.error ? "" : "…"}</span>;
  const { task, message } = why.data;
  return (
    <Tooltip label={message} disabled={!message}>
      <span className={css.why}>
        {task && <code>{task}</code>} {message || "It says no reason."}
      </span>
    </Tooltip>
  );
}

/** What is paused: it waits for a person, or for a time. */
export function Waiting({ scope }: { scope: Scope }) {
  return <Lines title="Waits for somebody" scope={scope} states={["PAUSED"]} none="Nothing waits." />;
}

/** What runs now. */
export function Running({ scope }: { scope: Scope }) {
  return <Lines title="Runs now" scope={scope} states={[...OPEN]} none="Nothing runs." />;
}

function Lines({ title, scope, states, none }: { title: string; scope: Scope; states: ExecutionLine["state"]["current"][]; none: string }) {
  const found = useNewest(scope, states, 5, false);
  return (
    <Section title={title} actions={<All search={{ namespace: scope.namespace, state: states }} total={found.data?.total ?? 0} />}>
      <Found query={found} none={none}>
        {(lines) =>
          lines.map((line) => (
            <li key={line.id}>
              <Link to="/executions/$id" params={{ id: line.id }} className={css.short}>
                <StateIcon state={line.state.current} />
                <span className={css.line}>
                  <b>{line.flowId}</b> <span className={css.dim}>{line.namespace}</span>
                </span>
                <span className={css.when}>
                  <Duration from={line.state.startDate} />
                </span>
              </Link>
            </li>
          ))
        }
      </Found>
    </Section>
  );
}

interface FoundProps {
  query: { data?: { results: ExecutionLine[] }; error: unknown; refetch: () => unknown };
  none: string;
  children: (lines: ExecutionLine[]) => ReactNode;
}

function Found({ query, none, children }: FoundProps) {
  if (!query.data) return query.error ? <Failed error={query.error} again={() => void query.refetch()} /> : <Loading rows={3} />;
  if (query.data.results.length === 0) return <p className={css.none}>{none}</p>;
  return <ul className={css.list}>{children(query.data.results)}</ul>;
}

function All({ search, total }: { search: FilterValues; total: number }) {
  if (total === 0) return null;
  return (
    <Link to="/executions" search={search} className={css.all}>
      {totalText(total)} in all
    </Link>
  );
}

/** What schedules fire next. */
export function NextSchedules({ triggers }: { triggers: readonly Trigger[] }) {
  const next = nextOf(triggers, 5);
  return (
    <Section title="Next schedules">
      {next.length === 0 ? (
        <p className={css.none}>No schedule is set.</p>
      ) : (
        <ul className={css.list}>
          {next.map((each) => (
            <li key={each.name}>
              <Link to="/triggers/$name" params={{ name: each.name }} className={css.short} data-plain>
                <Tooltip label={each.name}>
                  <span className={css.line}>{each.name}</span>
                </Tooltip>
                <span className={css.when}>
                  <TimeAgo at={each.at} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const SHOWN = 8;

/** Each trigger with what waits for it, in the words of the page of triggers; those that fail or are paused first. */
export function Lags({ triggers }: { triggers: readonly Trigger[] }) {
  const sorted = byUrgency(triggers);
  return (
    <Section
      title="Triggers"
      actions={
        <Link to="/triggers" className={css.all}>
          {triggers.length.toLocaleString("en")} in all
        </Link>
      }
    >
      {sorted.length === 0 ? (
        <p className={css.none}>No flow has a trigger yet.</p>
      ) : (
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Trigger</th>
              <th scope="col">State</th>
              <th scope="col" data-right>
                Lag
              </th>
              <th scope="col" data-right data-wide>
                Last event
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, SHOWN).map((each) => (
              <tr key={each.name}>
                <td>
                  <Tooltip label={each.name}>
                    <Link to="/triggers/$name" params={{ name: each.name }}>
                      {each.name}
                    </Link>
                  </Tooltip>
                  {each.pausedBecause && (
                    <span className={css.because}>
                      <Said text={each.pausedBecause} />
                    </span>
                  )}
                </td>
                <td data-family={lookOf(each).family}>{lookOf(each).word}</td>
                <td data-right>{each.lag === null ? "–" : each.lag.toLocaleString("en")}</td>
                <td data-right data-wide className={css.dim}>
                  {each.lastEvent ? <TimeAgo at={each.lastEvent} /> : "none yet"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
