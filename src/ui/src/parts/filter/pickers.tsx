/** What each filter is chosen from. */
import { Checkbox, TagsInput, TextInput, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { StateName } from "@/api/types";
import css from "@/parts/filter/Chip.module.css";
import { isLabel } from "@/parts/filter/values";
import { StateIcon } from "@/parts/StateBadge";
import { stateWord } from "@/parts/states";

/** In the order in which they are looked for. */
const OFFERED: readonly StateName[] = [
  "FAILED",
  "WARNING",
  "RUNNING",
  "PAUSED",
  "QUEUED",
  "RETRYING",
  "SUCCESS",
  "KILLED",
  "CANCELLED",
  "CREATED",
  "RESTARTED",
  "KILLING",
  "SKIPPED",
];

/** Several states. */
export function StatePicker({ value, onChange }: { value: readonly StateName[]; onChange: (value: StateName[]) => void }) {
  return (
    <ul className={css.list}>
      {OFFERED.map((state) => (
        <li key={state}>
          {/* biome-ignore lint/a11y/noLabelWithoutControl: Mantine's box is the control */}
          <label className={css.pick}>
            <Checkbox
              checked={value.includes(state)}
              onChange={(event) => onChange(event.target.checked ? [...value, state] : value.filter((each) => each !== state))}
            />
            <StateIcon state={state} /> {stateWord(state)}
          </label>
        </li>
      ))}
    </ul>
  );
}

interface OneProps {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** One of the namespaces; those below it are meant, too. */
export function NamespacePicker({ value, onChange }: OneProps) {
  const found = useQuery({ queryKey: ["flows", "namespaces"], queryFn: () => api.get("/flows/distinct-namespaces"), staleTime: 60_000 });
  return (
    <Finder
      value={value}
      hint="Find a namespace"
      options={withOuter(found.data ?? []).map((name) => ({ value: name }))}
      none="No namespace is called that."
      onChange={onChange}
    />
  );
}

/** One of the flows. */
export function FlowPicker({ value, namespace, onChange }: OneProps & { namespace: string | undefined }) {
  const found = useQuery({
    queryKey: ["flows", "picked", namespace],
    queryFn: () => api.get("/flows/search", { params: { query: { namespace, size: 500 } } }),
    staleTime: 60_000,
  });
  const options = new Map((found.data?.results ?? []).map((flow) => [flow.id, flow.namespace]));
  return (
    <Finder
      value={value}
      hint="Find a flow"
      options={[...options].map(([id, note]) => ({ value: id, note }))}
      none="No flow is called that."
      onChange={onChange}
    />
  );
}

interface Option {
  value: string;
  note?: string;
}

/** A list to find one thing in; Enter takes the first. */
function Finder({ value, options, hint, none, onChange }: OneProps & { options: readonly Option[]; hint: string; none: string }) {
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found = options.filter((each) => `${each.value} ${each.note ?? ""}`.toLowerCase().includes(wanted)).slice(0, 100);
  return (
    <div className={css.form}>
      <TextInput
        data-autofocus
        aria-label={hint}
        placeholder={hint}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && found[0] && onChange(found[0].value)}
      />
      <ul className={css.list}>
        {found.map((option) => (
          <li key={option.value}>
            <UnstyledButton
              className={css.pick}
              aria-pressed={option.value === value}
              onClick={() => onChange(option.value === value ? undefined : option.value)}
            >
              {option.value}
              {option.note && <span className={css.note}>{option.note}</span>}
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className={css.none}>{none}</p>}
    </div>
  );
}

/** Labels as `key:value`; all of them must be there. */
export function LabelsPicker({ value, onChange }: { value: readonly string[]; onChange: (value: string[]) => void }) {
  const [wrong, setWrong] = useState<string | null>(null);
  return (
    <TagsInput
      data-autofocus
      label="Labels, all of them"
      placeholder="team:blue"
      description="Write key:value, then Enter."
      value={[...value]}
      error={wrong}
      onChange={(next) => {
        const bad = next.find((each) => !isLabel(each));
        setWrong(bad === undefined ? null : `“${bad}” is no label; write key:value`);
        onChange(next.filter(isLabel));
      }}
    />
  );
}

/** The namespaces with those that they are in: `a.b` is in `a`. */
function withOuter(names: readonly string[]): string[] {
  const found = new Set<string>();
  for (const name of names) {
    const parts = name.split(".");
    for (let count = 1; count <= parts.length; count += 1) found.add(parts.slice(0, count).join("."));
  }
  return [...found].sort();
}
