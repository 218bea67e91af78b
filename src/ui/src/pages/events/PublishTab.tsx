import { Autocomplete, Button, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { rawJson } from "@/api/client";
import { useMay } from "@/app/useMe";
import { CodeEditor } from "@/editor/CodeEditor";
import css from "@/pages/events/Events.module.css";
import { type Answered, PublishedCard } from "@/pages/events/PublishedCard";
import { commandOfEvent, curlOfEvent, type Draft, type Published, publishPath, topicProblem } from "@/pages/events/publishing";
import { STATE_EVENTS, useTopics } from "@/pages/events/useTopics";
import { CopyAs } from "@/parts/Copy";
import { type Explained, keyPath } from "@/parts/explained";
import { jsonProblem } from "@/parts/jsonText";
import { notify } from "@/parts/notify";
import { Section } from "@/parts/Page";
import { Empty } from "@/parts/Shown";

const EXAMPLE = '{\n  "id": 7,\n  "total": 120\n}';
const KEPT = 20;
const NONE: never[] = [];

/** Put an event on a topic, and watch what it starts. */
export function PublishTab() {
  const { topic: given, event } = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const topics = useTopics();
  const may = useMay("publish");
  const [draft, setDraft] = useState<Draft>({ topic: given ?? "", text: EXAMPLE, key: "", id: "" });
  const [answers, setAnswers] = useState<readonly Answered[]>([]);
  const set = (change: Partial<Draft>) => setDraft((now) => ({ ...now, ...change }));

  // "Publish again" comes with an event: its data is what the editor begins with.
  const again = useQuery({
    queryKey: ["events", "explain", event],
    enabled: event !== undefined,
    queryFn: () => rawJson<Explained>(`/events/explain/${keyPath(event ?? "")}`),
  });
  const data = again.data?.event.data;
  useEffect(() => {
    if (event !== undefined && data !== undefined) setDraft((now) => ({ ...now, text: JSON.stringify(data, null, 2) }));
  }, [event, data]);

  const wrong = useMemo(() => jsonProblem(draft.text), [draft.text]);
  const wrongTopic = topicProblem(draft.topic);
  const publish = useMutation({
    mutationFn: async (sent: Draft): Promise<Answered> => {
      const began = performance.now();
      const answer = await rawJson<Published>(publishPath(sent), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(sent.id ? { "Idempotency-Key": sent.id } : {}) },
        body: sent.text,
      });
      return { ...answer, topic: sent.topic, took: performance.now() - began, count: Date.now() };
    },
    onSuccess: (answer) => {
      setAnswers((before) => [answer, ...before].slice(0, KEPT));
      void navigate({ search: (now) => ({ ...now, topic: answer.topic }), replace: true });
    },
    onError: notify.problem,
  });
  const submit = () => {
    if (!wrong && !wrongTopic && !publish.isPending) publish.mutate(draft);
  };
  if (!may)
    return (
      <Empty title="You may not publish" command="onbeat users set NAME --grant operator:NAMESPACE">
        To put an event on a topic takes the role operator.
      </Empty>
    );
  return (
    <div className={css.halves}>
      <Section title="Event">
        <div className={css.form}>
          <Autocomplete
            label="Topic"
            placeholder="orders"
            required
            data={(topics.data ?? []).map((each) => each.topic).filter((each) => each !== STATE_EVENTS)}
            value={draft.topic}
            onChange={(topic) => set({ topic })}
            error={draft.topic === "" ? undefined : wrongTopic}
          />
          <div>
            <span className={css.label}>Data</span>
            <div className={css.editor} data-wrong={wrong !== null || undefined}>
              <CodeEditor
                value={draft.text}
                onChange={(text) => set({ text })}
                language="json"
                label="Data of the event, JSON"
                onSubmit={submit}
                problems={wrong ? [wrong] : NONE}
                wrong={wrong !== null}
              />
            </div>
            {wrong && (
              <p className={css.wrong} role="alert">
                Line {wrong.line}, column {wrong.column}: {wrong.message}
              </p>
            )}
          </div>
          <div className={css.pair}>
            <TextInput
              label="Key"
              description="Events of one key are in order"
              value={draft.key}
              onChange={(changed) => set({ key: changed.target.value })}
            />
            <TextInput
              label="Idempotency-Key"
              description="The same one again starts nothing"
              value={draft.id}
              onChange={(changed) => set({ id: changed.target.value })}
            />
          </div>
          <div className={css.buttons}>
            <Button onClick={submit} disabled={wrong !== null || wrongTopic !== null} loading={publish.isPending}>
              Publish
            </Button>
            <CopyAs curl={curlOfEvent(location.origin, draft)} cli={commandOfEvent(draft)} />
            <span className={css.hint}>
              <kbd>Ctrl Enter</kbd>
            </span>
          </div>
        </div>
      </Section>
      <Section title="What it started">
        {answers.length === 0 ? (
          <Empty title="Nothing was published yet">
            Publish an event: what it starts is shown here as it runs, and what that starts in turn.
          </Empty>
        ) : (
          <div className={css.cards}>
            {answers.map((answer) => (
              <PublishedCard key={answer.count} answer={answer} />
            ))}
          </div>
        )}
      </Section>
    </div>
  );
}
