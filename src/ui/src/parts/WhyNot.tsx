/** "Why didn't my flow start?": for an event, what each listening trigger did with it, in a sentence each. */
import {
  IconAlertOctagon,
  IconBan,
  IconCircleCheck,
  IconCopyCheck,
  IconEarOff,
  IconFilterOff,
  IconHelpCircle,
  IconHourglass,
  IconListCheck,
  IconPlugConnectedX,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { api, rawJson } from "@/api/client";
import type { ExecutionLine } from "@/api/types";
import { useMe } from "@/app/useMe";
import { Condition } from "@/parts/Condition";
import { type Beside, type Explained, eventKey, keyPath, type Outcome, summary, tell, type Verdict } from "@/parts/explained";
import { RunLines } from "@/parts/RunLines";
import { Said } from "@/parts/Said";
import { Failed, Loading } from "@/parts/Shown";
import { Sign } from "@/parts/Sign";
import { useFresh } from "@/parts/useFresh";
import { useLines, withIds } from "@/parts/useLines";
import css from "@/parts/WhyNot.module.css";

const ICON: Record<Outcome, TablerIcon> = {
  started: IconCircleCheck,
  duplicate: IconCopyCheck,
  condition: IconFilterOff,
  disabled: IconBan,
  paused: IconPlugConnectedX,
  dead: IconAlertOctagon,
  waiting: IconHourglass,
  counted: IconListCheck,
  absent: IconEarOff,
  other: IconHelpCircle,
};

/** event: its key, `TOPIC/ID`. only: the name of the one trigger that is asked about. */
export function WhyNot({ event, only }: { event: string; only?: string }) {
  const may = useMe()?.namespaces.read === null;
  const found = useQuery({
    queryKey: ["events", "explain", event],
    enabled: may,
    queryFn: () => rawJson<Explained>(`/events/explain/${keyPath(event)}`),
    placeholderData: undefined,
  });
  useFresh(["events", "explain", event]);
  const triggers = useQuery({ queryKey: ["triggers"], queryFn: () => api.get("/triggers/search") });
  const shown = useMemo(
    () => (found.data?.triggers ?? []).filter((each) => only === undefined || each.trigger === only),
    [found.data, only],
  );
  const lines = useLines(withIds(shown.flatMap((each) => each.executions ?? [])));
  if (!may)
    return (
      <p className={css.text}>
        What each trigger did with an event is told to those who may read every namespace: <code>onbeat users set NAME --grant viewer</code>
        .
      </p>
    );
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading rows={3} label="Asking each trigger" />;

  const off = new Map((triggers.data?.results ?? []).map((each) => [each.name, each.pausedBecause]));
  const { time, topic } = found.data.event;
  const rows = shown.map((verdict) => {
    const runs = lines?.filter((line) => verdict.executions?.includes(line.id)) ?? null;
    return { verdict, runs, before: runs?.find((line) => line.state.startDate < time) };
  });
  const outcomes = rows.map(({ verdict, before }) => tell(verdict, { earlier: before ? "?" : null }).outcome);
  return (
    <div className={css.all} data-only={only !== undefined || undefined}>
      {only === undefined && <p className={css.summary}>{summary(found.data, outcomes)}</p>}
      {shown.length === 0 && (
        <p className={css.text}>
          {only === undefined
            ? `A flow starts by it once it has a trigger of type core.trigger.Event with \`topic: ${topic}\`.`
            : `The trigger ${only} does not listen to ${topic}.`}
        </p>
      )}
      <ul className={css.list}>
        {rows.map(({ verdict, runs, before }) => (
          <Row
            key={verdict.trigger}
            verdict={verdict}
            runs={runs}
            before={before}
            off={off.get(verdict.trigger)}
            named={only === undefined}
            event={found.data.event}
          />
        ))}
      </ul>
    </div>
  );
}

interface RowProps {
  verdict: Verdict;
  runs: readonly ExecutionLine[] | null;
  /** An execution of it that is older than the event. */
  before: ExecutionLine | undefined;
  off: string | null | undefined;
  event: Explained["event"];
  /** With the trigger's name. */
  named: boolean;
}

function Row({ verdict, runs, before, off, named, event }: RowProps) {
  const earlier = useEarlier(before);
  const beside: Beside = { off, earlier: before ? (earlier ?? "before it") : null };
  const told = tell(verdict, beside);
  return (
    <li className={css.row}>
      <div className={css.head}>
        <Sign family={told.family} icon={ICON[told.outcome]} word={told.word} />
        {named && (
          <Link to="/triggers/$name" params={{ name: verdict.trigger }} className={css.trigger}>
            {verdict.trigger}
          </Link>
        )}
      </div>
      <p className={css.text}>
        <Said text={told.sentence} />
        {told.outcome === "dead" && (
          <>
            {" "}
            <Link to="/events" search={{ tab: "dead" }}>
              Dead events
            </Link>
          </>
        )}
      </p>
      {told.expression !== undefined && <Condition expression={told.expression} seen={typeof told.seen === "string" ? event : told.seen} />}
      {verdict.executions && <RunLines lines={runs} waiting="Looking for what it started …" />}
    </li>
  );
}

/** By which event an execution was started, when it is known to be an earlier one than that asked about. */
function useEarlier(before: ExecutionLine | undefined): string | null {
  const id = before?.id ?? "";
  const found = useQuery({
    queryKey: ["execution", id, "trigger"],
    enabled: id !== "",
    queryFn: async () => (await api.get("/executions/{id}", { params: { path: { id } } })).trigger ?? null,
    placeholderData: undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { topic, id: event } = (found.data?.variables ?? {}) as { topic?: unknown; id?: unknown };
  return typeof topic === "string" && typeof event === "string" ? eventKey(topic, event) : null;
}
