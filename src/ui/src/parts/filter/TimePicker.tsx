import { Button, TextInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import css from "@/parts/filter/Chip.module.css";
import { type FilterValues, RANGES } from "@/parts/filter/values";

type Time = Pick<FilterValues, "timeRange" | "startDate" | "endDate">;

/** A time: one of the usual ones, or from when until when in the user's time zone. */
export function TimePicker({
  value,
  onChange,
  ranges = RANGES,
}: {
  value: Time;
  onChange: (value: Time) => void;
  ranges?: readonly { value: string; label: string }[];
}) {
  const [start, setStart] = useState(localText(value.startDate));
  const [end, setEnd] = useState(localText(value.endDate));
  const wrong = start !== "" && end !== "" && start >= end ? "The end is before the start." : null;
  return (
    <div>
      <ul className={css.list}>
        {ranges.map((range) => (
          <li key={range.value}>
            <UnstyledButton
              className={css.pick}
              aria-pressed={value.timeRange === range.value}
              onClick={() => onChange({ timeRange: range.value })}
            >
              {range.label}
            </UnstyledButton>
          </li>
        ))}
      </ul>
      <form
        className={css.own}
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong === null) onChange({ startDate: instantText(start), endDate: instantText(end) });
        }}
      >
        <TextInput type="datetime-local" label="From" value={start} onChange={(event) => setStart(event.target.value)} />
        <TextInput type="datetime-local" label="Until" value={end} error={wrong} onChange={(event) => setEnd(event.target.value)} />
        <Button type="submit" variant="default" disabled={(start === "" && end === "") || wrong !== null}>
          Show this time
        </Button>
      </form>
    </div>
  );
}

/** As an input of the browser wants it: local, without a zone. */
function localText(at: string | undefined): string {
  if (at === undefined) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const instantText = (local: string): string | undefined => (local === "" ? undefined : new Date(local).toISOString());
