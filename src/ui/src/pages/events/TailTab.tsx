import { ActionIcon, Button, Drawer, NumberInput, Select, TextInput, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconFilter, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { useMay } from "@/app/useMe";
import { EventDetail } from "@/pages/events/EventDetail";
import css from "@/pages/events/Events.module.css";
import { TailList } from "@/pages/events/TailList";
import { beginOf, matches, SMALL, tailPath } from "@/pages/events/tail";
import { useTail } from "@/pages/events/useTail";
import { STATE_EVENTS, useTopics } from "@/pages/events/useTopics";
import { ButtonLink } from "@/parts/ButtonLink";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { BREAK } from "@/theme";

const BEGINS = [
  { value: "now", label: "From now" },
  { value: "hour", label: "The last hour" },
  { value: "earliest", label: "All it holds" },
  { value: "position", label: "After a position" },
];

/** A topic's events as they come. */
export function TailTab() {
  const search = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const topics = useTopics();
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const [positions, setPositions] = useState(false);
  const narrow = useMediaQuery(`(max-width: ${BREAK.narrow}px)`) ?? false;
  const mayPublish = useMay("publish");
  const set = (change: Partial<typeof search>) => void navigate({ search: (now) => ({ ...now, ...change }), replace: true });

  const known = topics.data ?? [];
  const topic = search.topic ?? known.find((each) => each.records > 0)?.topic ?? known[0]?.topic ?? null;
  const records = known.find((each) => each.topic === topic)?.records;
  const suits = topic !== STATE_EVENTS && (records ?? 0) <= SMALL ? "earliest" : "now";
  // Where it begins is chosen once for a topic: that it grows is no reason to begin anew.
  const name = `${topic} ${search.from ?? ""}`;
  const chosen = useRef<{ name: string; path: string } | null>(null);
  if (topic !== null && topics.data && chosen.current?.name !== name) {
    const from = topic === STATE_EVENTS && search.from === "hour" ? undefined : search.from;
    chosen.current = { name, path: tailPath(topic, beginOf(from, topic === STATE_EVENTS ? undefined : records, Date.now())) };
  }
  const path = topic === null || !topics.data ? null : (chosen.current?.path ?? null);
  const resumed = useRef<string | null>(null);
  if (chosen.current && resumed.current !== null && !resumed.current.startsWith(name)) resumed.current = null;
  const going = resumed.current?.slice(name.length + 1) ?? path;
  const { events, problem, clear } = useTail(pausedAt !== null ? null : going, name);
  const asked = useDeferredValue(search.q ?? "");
  const shown = useMemo(() => (asked ? events.filter((each) => matches(each, asked)) : events), [events, asked]);
  const open = events.find((each) => String(each.position) === search.event) ?? null;

  const pause = () => {
    if (pausedAt === null) return setPausedAt(events.at(-1)?.position ?? 0);
    // On from where it was paused: nothing of what came meanwhile is missed.
    if (pausedAt > 0 && topic !== null) resumed.current = `${name} ${tailPath(topic, { after: pausedAt })}`;
    setPausedAt(null);
  };

  if (topics.error && !topics.data) return <Failed error={topics.error} again={() => void topics.refetch()} />;
  if (!topics.data) return <Loading label="Loading topics" />;
  if (topic === null)
    return (
      <Empty title="There is no topic yet" command={`onbeat publish orders '{"id": 7, "total": 120}'`}>
        A topic is there as soon as something is published on it, or a trigger listens to it.
      </Empty>
    );

  const detail = open && (
    <EventDetail key={open.position} topic={topic} shown={open} close={narrow ? undefined : () => set({ event: undefined })} />
  );
  const begin = positions || /^\d+$/.test(search.from ?? "") ? "position" : (search.from ?? suits);
  return (
    <div className={css.tail}>
      <search className={css.bar}>
        <Select
          aria-label="Topic"
          className={css.topic}
          data={known.map(({ topic: value, records: count }) => ({
            value,
            label: count > 0 ? `${value} (${count.toLocaleString()})` : value,
          }))}
          value={topic}
          onChange={(value) => value && set({ topic: value, event: undefined })}
          allowDeselect={false}
          searchable
          nothingFoundMessage="No topic is called that"
        />
        <Select
          aria-label="Where it begins"
          className={css.begin}
          data={topic === STATE_EVENTS ? BEGINS.filter((each) => each.value !== "hour") : BEGINS}
          value={begin}
          onChange={(value) => {
            setPositions(value === "position");
            if (value !== "position") set({ from: value || undefined, event: undefined });
          }}
          allowDeselect={false}
        />
        {begin === "position" && (
          <NumberInput
            aria-label="After this position"
            placeholder="Position"
            className={css.position}
            min={0}
            allowDecimal={false}
            hideControls
            defaultValue={/^\d+$/.test(search.from ?? "") ? Number(search.from) : undefined}
            onBlur={(event) => set({ from: event.target.value || undefined })}
            onKeyDown={(event) => event.key === "Enter" && set({ from: event.currentTarget.value || undefined })}
          />
        )}
        <TextInput
          className={css.find}
          aria-label="Show only events with"
          placeholder="Words, -without, data.total=20"
          leftSection={<IconFilter className={css.icon} aria-hidden />}
          value={search.q ?? ""}
          onChange={(event) => set({ q: event.target.value || undefined })}
        />
        <span className={css.count}>
          {asked ? `${shown.length.toLocaleString()} of ${events.length.toLocaleString()}` : events.length.toLocaleString()}
        </span>
        <Tooltip label={pausedAt === null ? "Pause" : "Go on; what came meanwhile is shown"}>
          <ActionIcon variant="default" aria-label={pausedAt === null ? "Pause" : "Go on"} aria-pressed={pausedAt !== null} onClick={pause}>
            {pausedAt === null ? <IconPlayerPause className={css.icon} /> : <IconPlayerPlay className={css.icon} />}
          </ActionIcon>
        </Tooltip>
        <Button variant="default" onClick={clear} disabled={events.length === 0}>
          Clear
        </Button>
        {mayPublish && topic !== STATE_EVENTS && (
          <ButtonLink to="/events" search={{ tab: "publish", topic }} variant="default">
            Publish
          </ButtonLink>
        )}
      </search>
      <div className={css.panes} data-open={(open !== null && !narrow) || undefined}>
        {problem ? (
          <Failed error={problem} />
        ) : shown.length > 0 ? (
          <TailList
            label={`Events of ${topic}`}
            events={shown}
            states={topic === STATE_EVENTS}
            open={search.event}
            onOpen={(position) => set({ event: search.event === position ? undefined : position })}
          />
        ) : events.length > 0 ? (
          <Empty
            title="No event is like that"
            action={
              <Button variant="default" onClick={() => set({ q: undefined })}>
                Clear the filter
              </Button>
            }
          >
            {`None of the ${events.length.toLocaleString()} events here has all of that.`}
          </Empty>
        ) : (
          <Waiting topic={topic} paused={pausedAt !== null} />
        )}
        {open && !narrow && <aside className={css.detail}>{detail}</aside>}
      </div>
      <Drawer opened={open !== null && narrow} onClose={() => set({ event: undefined })} position="bottom" size="85%" title="Event">
        {detail}
      </Drawer>
    </div>
  );
}

function Waiting({ topic, paused }: { topic: string; paused: boolean }) {
  if (paused) return <Empty title="Paused">Nothing is shown until you let it go on. Nothing is missed.</Empty>;
  if (topic === STATE_EVENTS)
    return (
      <Empty title="Waiting for what executions do" command="onbeat tail">
        Each state of each execution is an event here as it happens. “All it holds” shows those before.
      </Empty>
    );
  return (
    <Empty title={`Waiting for events on ${topic}`} command={`onbeat publish ${topic} '{"id": 7, "total": 120}'`}>
      What comes is shown here at once.
    </Empty>
  );
}
