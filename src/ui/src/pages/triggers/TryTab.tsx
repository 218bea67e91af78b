import { Button, SegmentedControl, Select } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { api, rawJson } from "@/api/client";
import type { Trigger } from "@/api/types";
import { CodeEditor } from "@/editor/CodeEditor";
import { tailPath } from "@/pages/events/tail";
import { useTail } from "@/pages/events/useTail";
import { useTopics } from "@/pages/events/useTopics";
import { isOfBus, isWebhook, topicsOf } from "@/pages/triggers/status";
import { TrialResult } from "@/pages/triggers/TrialResult";
import css from "@/pages/triggers/Trigger.module.css";
import { exampleFor, seenOf, type Tried, tryBody } from "@/pages/triggers/try";
import { CopyAs, curlOf } from "@/parts/Copy";
import { type Explained, eventKey, keyPath } from "@/parts/explained";
import { jsonProblem } from "@/parts/jsonText";
import { Section } from "@/parts/Page";
import { Empty, Failed } from "@/parts/Shown";
import { clockText } from "@/parts/time";

type Way = "write" | "past" | "dead";

interface TryTabProps {
  trigger: Trigger;
  /** An event of a topic to begin with, `TOPIC/ID`. */
  event?: string;
  /** A dead event to begin with. */
  dead?: string;
}

/** Ask a trigger what it would make of an event. Nothing is started. */
export function TryTab({ trigger, event, dead }: TryTabProps) {
  const topic = isOfBus(trigger) ? topicsOf(trigger)[0] : undefined;
  const [way, setWay] = useState<Way>(dead ? "dead" : event ? "past" : "write");
  const [text, setText] = useState(() => JSON.stringify(exampleFor(trigger), null, 2));
  const [key, setKey] = useState<string | null>(event ?? null);
  const wrong = useMemo(() => (way === "write" ? jsonProblem(text) : null), [way, text]);
  const tried: Tried | null = way === "write" ? { text } : way === "dead" && dead ? { dead } : key ? { key } : null;
  const ask = useMutation({
    mutationFn: (what: Tried) => api.post("/triggers/try", { body: tryBody(trigger, what) }),
  });
  const { mutate } = ask;
  const given = dead ?? event;
  // Who comes from an event wants the answer, not a button.
  useEffect(() => {
    if (given !== undefined) mutate(dead ? { dead } : { key: given });
  }, [given, dead, mutate]);
  // What was tried last, for the values of a condition: the server cuts long ones off.
  const last = ask.variables;
  const kept = useQuery({
    queryKey: ["events", "explain", last && "key" in last ? last.key : ""],
    enabled: last !== undefined && "key" in last,
    queryFn: () => rawJson<Explained>(`/events/explain/${keyPath(last && "key" in last ? last.key : "")}`),
  });
  const seen = last && "text" in last ? seenOf(trigger, last.text) : last && "key" in last ? kept.data?.event : undefined;
  const submit = () => {
    if (tried && !wrong) ask.mutate(tried);
  };
  const ways = [
    { value: "write", label: "Write one" },
    ...(topic !== undefined || event ? [{ value: "past", label: "From the topic's past" }] : []),
    ...(dead ? [{ value: "dead", label: "The dead event" }] : []),
  ];
  return (
    <div className={css.halves}>
      <Section
        title="Event"
        actions={
          ways.length > 1 && <SegmentedControl aria-label="Which event" value={way} onChange={(next) => setWay(next as Way)} data={ways} />
        }
      >
        {way === "write" && (
          <>
            <p className={css.none}>
              {isWebhook(trigger) ? "The body of the call." : isOfBus(trigger) ? "The event's data." : "All that `trigger` is in the flow."}{" "}
              JSON.
            </p>
            <div className={css.editor}>
              <CodeEditor
                value={text}
                onChange={setText}
                language="json"
                label="Event"
                onSubmit={submit}
                problems={wrong ? [wrong] : NONE}
                wrong={wrong !== null}
              />
            </div>
          </>
        )}
        {way === "past" && topic !== undefined && <Past topic={topic} value={key} onChange={setKey} />}
        {way === "dead" && (
          <p className={css.none}>
            <Link to="/events" search={{ tab: "dead", dead }}>
              Dead event {dead}
            </Link>
          </p>
        )}
        {wrong && (
          <p className={css.wrong} role="alert">
            Line {wrong.line}, column {wrong.column}: {wrong.message}
          </p>
        )}
        <div className={css.buttons}>
          <Button onClick={submit} disabled={tried === null || wrong !== null} loading={ask.isPending}>
            Try it
          </Button>
          {tried !== null && wrong === null && <CopyAs curl={curlOf("POST", "/triggers/try", tryBody(trigger, tried))} />}
        </div>
      </Section>
      <Section title="What it would do">
        {ask.error ? (
          <Failed error={ask.error} again={submit} />
        ) : ask.data ? (
          <TrialResult trial={ask.data} seen={seen} />
        ) : (
          <Empty title="Nothing was tried yet">
            Nothing is started by a try, and nothing counted: change the event until you know what it takes.
          </Empty>
        )}
      </Section>
    </div>
  );
}

const NONE: never[] = [];
const OFFERED = 200;

function Past({ topic, value, onChange }: { topic: string; value: string | null; onChange: (key: string | null) => void }) {
  const kept = useTopics().data?.find((each) => each.topic === topic)?.records;
  const path = kept === undefined ? null : tailPath(topic, { from: kept <= 5000 ? "earliest" : "now" });
  const { events } = useTail(path, topic);
  const options = useMemo(
    () =>
      events
        .slice(-OFFERED)
        .reverse()
        .map(({ event, line }) => ({
          value: eventKey(topic, event.id),
          label: `${clockText(Date.parse(event.time))}  ${line.slice(0, 120)}`,
        })),
    [events, topic],
  );
  return (
    <Select
      label={`Event of ${topic}`}
      placeholder={options.length > 0 ? "Choose one of the newest" : "The topic holds no events"}
      data={value && !options.some((each) => each.value === value) ? [{ value, label: value }, ...options] : options}
      value={value}
      onChange={onChange}
      searchable
      maxDropdownHeight="50vh"
    />
  );
}
