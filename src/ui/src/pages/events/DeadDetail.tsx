import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconAlertOctagon, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { rawJson } from "@/api/client";
import { useMay } from "@/app/useMe";
import { DEAD_KEY, type Replayed, type WholeDeadEvent } from "@/pages/events/dead";
import css from "@/pages/events/Events.module.css";
import { ButtonLink } from "@/parts/ButtonLink";
import { CopyAs, CopyButton, curlOf } from "@/parts/Copy";
import { sentence } from "@/parts/explained";
import { Facts } from "@/parts/Facts";
import { JsonTree } from "@/parts/JsonTree";
import { Section } from "@/parts/Page";
import { RunLines } from "@/parts/RunLines";
import { Said } from "@/parts/Said";
import { Failed, Loading } from "@/parts/Shown";
import { Sign } from "@/parts/Sign";
import { exactText } from "@/parts/time";
import { useLines, withIds } from "@/parts/useLines";

interface DeadDetailProps {
  id: string;
  /** Whether the caller may replay. */
  may: boolean;
  /** What a replay from this page gave. */
  result: Replayed | undefined;
  busy: boolean;
  replay: () => void;
}

/** A dead event: why it is one, all that it holds, and what a replay gives. */
export function DeadDetail({ id, may, result, busy, replay }: DeadDetailProps) {
  const navigate = useNavigate({ from: "/events" });
  const mayTry = useMay("evaluate");
  const found = useQuery({
    queryKey: [...DEAD_KEY, id],
    queryFn: () => rawJson<WholeDeadEvent>(`/events/dead/${encodeURIComponent(id)}`),
    placeholderData: undefined,
  });
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading rows={4} label="Loading the dead event" />;
  const { trigger, reason, at, replayedAt, event, raw, subscription } = found.data;
  return (
    <article className={css.article} aria-label={`Dead event ${id}`}>
      <div className={css.top}>
        <Sign family="failed" icon={IconAlertOctagon} word="Dead" />
        <span className={css.actions}>
          {may && event !== null && (
            <Button onClick={replay} loading={busy}>
              Replay
            </Button>
          )}
          {mayTry && trigger !== null && event !== null && (
            <ButtonLink to="/triggers/$name" params={{ name: trigger }} search={{ tab: "try", dead: id }} variant="default">
              Try it
            </ButtonLink>
          )}
          <CopyAs curl={curlOf("POST", `/events/dead/${id}/replay`)} cli={`onbeat events dead replay ${id}`} />
          <Tooltip label="Close">
            <ActionIcon aria-label="Close" onClick={() => void navigate({ search: { tab: "dead" } })}>
              <IconX className={css.icon} />
            </ActionIcon>
          </Tooltip>
        </span>
      </div>
      <p className={css.reason}>
        <Said text={sentence(reason)} />
      </p>
      {event === null && (
        <p className={css.hint}>It could not be decoded, so it cannot be replayed. Send it again in a form that the trigger reads.</p>
      )}
      {result && <Result result={result} />}
      <Facts
        of={[
          [
            "Trigger",
            trigger === null ? null : (
              <Link key="trigger" to="/triggers/$name" params={{ name: trigger }}>
                {trigger}
              </Link>
            ),
          ],
          ["Came by", subscription],
          ["Died", exactText(Date.parse(at))],
          ["Replayed", replayedAt === null ? "not yet" : exactText(Date.parse(replayedAt))],
          ["Topic", event?.topic ?? null],
          ["Event", event ? <code key="event">{event.id}</code> : null],
        ]}
      />
      <Section
        title="What it holds"
        actions={<CopyButton text={raw ?? JSON.stringify(event?.data, null, 2) ?? ""} label="Copy what it holds" />}
      >
        {event ? <JsonTree value={event.data} name="data" path="trigger.data" /> : <pre className={css.raw}>{raw}</pre>}
      </Section>
      {event && (
        <details className={css.more}>
          <summary>All that the trigger saw</summary>
          <JsonTree value={event.trigger} name="trigger" />
        </details>
      )}
    </article>
  );
}

function Result({ result }: { result: Replayed }) {
  const ids = "problem" in result ? [] : result.executions;
  const lines = useLines(withIds(ids));
  if ("problem" in result)
    return (
      <p className={css.wrong} role="alert">
        It still could not start. <Said text={sentence(result.problem.replace(/^dead event \S+ still cannot start: /i, ""))} />
      </p>
    );
  if (ids.length === 0)
    return <p className={css.hint}>The replay started nothing: the trigger’s condition is false for it now, or it had started before.</p>;
  return (
    <div className={css.card}>
      <p className={css.says}>{result.duplicate ? "It had started before:" : "The replay started:"}</p>
      <RunLines lines={lines} waiting="Starting …" />
    </div>
  );
}
