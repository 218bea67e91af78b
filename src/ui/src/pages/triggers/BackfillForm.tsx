import { Button, Switch, TagsInput, TextInput } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { api, rawJson } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { Trigger } from "@/api/types";
import { type BackfillBody, bodyOf, commandOf, type Declared, EMPTY, previewText, problemsOf } from "@/pages/triggers/backfill";
import { flowParts } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { TRIGGERS_KEY } from "@/pages/triggers/useTriggers";
import { Confirm } from "@/parts/Confirm";
import { CopyAs, curlOf } from "@/parts/Copy";
import { notify } from "@/parts/notify";
import { Section } from "@/parts/Page";
import { exactText } from "@/parts/time";

const JSON_BODY = { "Content-Type": "application/json" };
const SHOWN = 12;
/** More than so many are asked about once. */
const MANY = 1000;

/** What the pickers' buttons are called. */
const CALLED = {
  clearButtonProps: { "aria-label": "Clear" },
  submitButtonProps: { "aria-label": "Take it" },
  ariaLabels: {
    previousMonth: "Month before",
    nextMonth: "Next month",
    previousYear: "Year before",
    nextYear: "Next year",
    previousDecade: "Decade before",
    nextDecade: "Next decade",
  },
};

/** From when to when, with which inputs and labels; beside it what that would run. */
export function BackfillForm({ trigger }: { trigger: Trigger }) {
  const client = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const [tried, setTried] = useState(false);
  const declared = useDeclared(trigger);
  const problems = problemsOf(form, declared, Date.now());
  const sound = Object.keys(problems).length === 0;
  const body = useMemo(() => (sound ? bodyOf(form, declared) : null), [sound, form, declared]);
  const preview = usePreview(trigger.name, problems.start || problems.end ? null : form.start, form.end);
  const total = preview.times?.total;
  const [asking, question] = useDisclosure();
  const set = (change: Partial<typeof form>) => setForm((now) => ({ ...now, ...change }));
  const begin = useMutation({
    mutationFn: (backfill: BackfillBody) =>
      rawJson("/triggers/backfill/create", { method: "PUT", headers: JSON_BODY, body: JSON.stringify({ name: trigger.name, backfill }) }),
    onSuccess: () => notify.done("The backfill has begun."),
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: TRIGGERS_KEY }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!body || total === 0) return;
    if ((total ?? 0) > MANY) question.open();
    else begin.mutate(body);
  };
  const said = (field: keyof typeof problems) =>
    tried || (field === "start" ? form.start : field !== "end" || form.end) ? problems[field] : undefined;

  return (
    <form className={css.halves} onSubmit={submit}>
      <Section title="Run past times">
        <div className={css.form}>
          <div className={css.pair}>
            <DateTimePicker
              {...CALLED}
              dropdownType="modal"
              modalProps={{ title: "From" }}
              label="From"
              placeholder="Choose a day and a time"
              description="The first time, in your time zone"
              required
              clearable
              maxDate={new Date()}
              value={local(form.start)}
              onChange={(value) => set({ start: instant(value) })}
              error={said("start")}
            />
            <DateTimePicker
              {...CALLED}
              dropdownType="modal"
              modalProps={{ title: "To" }}
              label="To"
              placeholder="Now"
              description="The last time; empty: until now"
              clearable
              maxDate={new Date()}
              value={local(form.end)}
              onChange={(value) => set({ end: instant(value) })}
              error={said("end")}
            />
          </div>
          {declared.map((input) => (
            <TextInput
              key={input.id}
              label={`Input ${input.id}`}
              description={`${input.type}; empty: as the trigger says`}
              value={form.inputs[input.id] ?? ""}
              onChange={(event) => set({ inputs: { ...form.inputs, [input.id]: event.target.value } })}
              error={problems[`inputs.${input.id}`]}
            />
          ))}
          <TagsInput
            label="Labels"
            description="Each as key:value; Enter adds one"
            value={[...form.labels]}
            onChange={(labels) => set({ labels })}
            error={problems.labels}
          />
          <Switch
            label="Begin paused"
            description="It is made, and waits until it is told to go on"
            checked={form.paused}
            onChange={(event) => set({ paused: event.currentTarget.checked })}
          />
          <div className={css.buttons}>
            <Button type="submit" loading={begin.isPending} disabled={total === 0}>
              {body && total ? `Run ${total.toLocaleString()} ${total === 1 ? "execution" : "executions"}` : "Begin the backfill"}
            </Button>
            {body && (
              <CopyAs
                curl={curlOf("PUT", "/triggers/backfill/create", { name: trigger.name, backfill: body })}
                cli={commandOf(trigger.flows[0] ?? "", trigger.triggerId, body)}
              />
            )}
          </div>
        </div>
      </Section>
      <Section title="What it would run">
        <Preview found={preview} />
      </Section>
      <Confirm
        opened={asking}
        title={`Run ${total?.toLocaleString()} executions?`}
        action="Run them"
        mild
        onClose={question.close}
        onConfirm={() => {
          question.close();
          if (body) begin.mutate(body);
        }}
      >
        They start one after the other. You can pause the backfill, or give it up; what ran by then stays.
      </Confirm>
    </form>
  );
}

interface Times {
  total: number;
  dates: string[];
}

/** The schedule's times in a range, as the server counts them. start null: there is no range yet. */
function usePreview(name: string, start: string | null, end: string | null) {
  const [range] = useDebouncedValue(
    useMemo(() => ({ start, end }), [start, end]),
    250,
  );
  const found = useQuery({
    queryKey: ["backfill", "preview", name, range],
    enabled: range.start !== null,
    queryFn: () =>
      rawJson<Times>("/triggers/backfill/preview", {
        method: "POST",
        headers: JSON_BODY,
        body: JSON.stringify({ name, backfill: { start: range.start, ...(range.end ? { end: range.end } : {}) } }),
      }),
  });
  return { asked: start !== null, error: found.error, times: start === null ? undefined : found.data };
}

function Preview({ found: { asked, error, times } }: { found: ReturnType<typeof usePreview> }) {
  if (!asked) return <p className={css.none}>Say from when on, and the times that would run are listed here.</p>;
  if (error) return <p className={css.wrong}>{asProblem(error).detail}</p>;
  if (!times) return <p className={css.none}>Counting …</p>;
  const { total, dates } = times;
  const first = total > SHOWN ? dates.slice(0, SHOWN - 1) : dates;
  const at = (text: string) => exactText(Date.parse(text)).replace(/\.\d{3}/, "");
  const last = dates.at(-1);
  return (
    <div aria-live="polite">
      <p className={css.says}>{previewText(total)}</p>
      <ol className={css.times}>
        {first.map((each) => (
          <li key={each}>{at(each)}</li>
        ))}
        {total > SHOWN && (
          <li>
            {`… and ${(total - first.length).toLocaleString()} more`}
            {last !== undefined && total <= dates.length && `, the last ${at(last)}`}
          </li>
        )}
      </ol>
    </div>
  );
}

/** The inputs that the flow declares. */
function useDeclared(trigger: Trigger): readonly Declared[] {
  const { namespace, flow: id } = flowParts(trigger.flows[0] ?? "");
  const found = useQuery({
    queryKey: ["flow", namespace, id],
    enabled: id !== "",
    queryFn: () => api.get("/flows/{namespace}/{id}", { params: { path: { namespace, id } } }),
  });
  return useMemo(() => {
    const inputs = (found.data as { inputs?: { id?: unknown; type?: unknown }[] } | undefined)?.inputs ?? [];
    return inputs.map(({ id: name, type }) => ({ id: String(name), type: String(type) })).filter(({ type }) => type !== "FILE");
  }, [found.data]);
}

/** Mantine's pickers speak local time as `2026-11-21 12:00:00`. */
function local(iso: string | null): string | null {
  if (iso === null) return null;
  const date = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function instant(value: string | null): string | null {
  if (!value) return null;
  const date = new Date(value.replace(" ", "T"));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
