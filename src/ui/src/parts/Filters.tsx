/**
 * The bar with which a list is filtered: a search, and a chip for each thing that can be asked, which says what is asked.
 *
 * What it holds belongs into the address: `readFilters` reads it from there, and `onChange` gives what is to be written.
 */
import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import css from "@/parts/Filters.module.css";
import { Chip, GivenChip } from "@/parts/filter/Chip";
import { FlowPicker, LabelsPicker, NamespacePicker, StatePicker } from "@/parts/filter/pickers";
import { TimePicker } from "@/parts/filter/TimePicker";
import { type FilterValues, isAny, timeText } from "@/parts/filter/values";
import { stateWord } from "@/parts/states";

/** What a bar can ask for. */
export type FilterField = "q" | "namespace" | "flow" | "state" | "labels" | "time";

interface FiltersProps {
  value: FilterValues;
  onChange: (value: FilterValues) => void;
  /** Which of them, in this order; all unless told otherwise. */
  fields?: readonly FilterField[];
  /** What is searched, for the search's hint. */
  searches?: string;
  /** Right, beside the chips: views, counts. */
  beside?: ReactNode;
}

const ALL: readonly FilterField[] = ["q", "state", "namespace", "flow", "labels", "time"];
/** Asked for by links from other pages; shown as chips that can be taken away. */
const GIVEN = { triggerId: "Trigger", parentId: "Started by", correlationId: "Belongs to", childFilter: "Kind" } as const;

/** A bar of filters. */
export function Filters({ value, onChange, fields = ALL, searches = "Search", beside }: FiltersProps) {
  const set = (change: Partial<FilterValues>) => onChange(cleaned({ ...value, ...change }));
  return (
    <search className={css.bar}>
      {fields.includes("q") && <Search value={value.q ?? ""} hint={searches} onChange={(q) => set({ q })} />}
      <div className={css.chips}>
        {fields.map((field) => (
          <FieldChip key={field} field={field} value={value} set={set} />
        ))}
        {Object.entries(GIVEN).map(([name, word]) => {
          const given = value[name as keyof typeof GIVEN];
          return given === undefined ? null : (
            <GivenChip key={name} word={word} value={given} onRemove={() => set({ [name]: undefined })} />
          );
        })}
        {!isAny(value) && (
          <Button variant="subtle" color="gray" leftSection={<IconX className={css.icon} aria-hidden />} onClick={() => onChange({})}>
            Clear
          </Button>
        )}
      </div>
      {beside && <div className={css.beside}>{beside}</div>}
    </search>
  );
}

function FieldChip({ field, value, set }: { field: FilterField; value: FilterValues; set: (change: Partial<FilterValues>) => void }) {
  switch (field) {
    case "state":
      return (
        <Chip word="State" says={value.state?.map(stateWord).join(", ")} onRemove={() => set({ state: undefined })}>
          {() => <StatePicker value={value.state ?? []} onChange={(state) => set({ state })} />}
        </Chip>
      );
    case "namespace":
      return (
        <Chip word="Namespace" says={value.namespace} onRemove={() => set({ namespace: undefined })}>
          {(close) => <NamespacePicker value={value.namespace} onChange={then(close, (namespace) => set({ namespace }))} />}
        </Chip>
      );
    case "flow":
      return (
        <Chip word="Flow" says={value.flowId} onRemove={() => set({ flowId: undefined })}>
          {(close) => <FlowPicker value={value.flowId} namespace={value.namespace} onChange={then(close, (flowId) => set({ flowId }))} />}
        </Chip>
      );
    case "labels":
      return (
        <Chip word="Labels" says={value.labels?.join(", ")} onRemove={() => set({ labels: undefined })}>
          {() => <LabelsPicker value={value.labels ?? []} onChange={(labels) => set({ labels })} />}
        </Chip>
      );
    case "time": {
      const given = value.timeRange ?? value.startDate ?? value.endDate;
      const none = { timeRange: undefined, startDate: undefined, endDate: undefined };
      return (
        <Chip word="Time" says={given === undefined ? undefined : timeText(value)} onRemove={() => set(none)}>
          {(close) => <TimePicker value={value} onChange={then(close, (time) => set({ ...none, ...time }))} />}
        </Chip>
      );
    }
    default:
      return null;
  }
}

/** The search: asked for when the typing pauses; `/` goes to it. */
function Search({ value, hint, onChange }: { value: string; hint: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(value);
  useEffect(() => {
    if (value !== asked.current) setText(value);
    asked.current = value;
  }, [value]);
  const ask = useDebouncedCallback((next: string) => {
    asked.current = next.trim();
    onChange(next.trim());
  }, 200);
  useHotkeys([["/", () => input.current?.focus()]]);
  return (
    <TextInput
      ref={input}
      className={css.search}
      type="search"
      aria-label={hint}
      placeholder={hint}
      leftSection={<IconSearch className={css.icon} aria-hidden />}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        ask(event.target.value);
      }}
      onKeyDown={(event) => event.key === "Escape" && input.current?.blur()}
    />
  );
}

/** Do it, then close what it was chosen in. */
const then =
  <T,>(close: () => void, take: (value: T) => void) =>
  (value: T) => {
    take(value);
    close();
  };

function cleaned(values: FilterValues): FilterValues {
  return Object.fromEntries(
    Object.entries(values).filter(([, each]) => each !== undefined && each !== "" && !(Array.isArray(each) && each.length === 0)),
  );
}
