import { Button, Group, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Label } from "@/api/types";
import css from "@/pages/execution/Dialogs.module.css";

interface LabelsFormProps {
  labels: readonly Label[];
  busy: boolean;
  onDone: (labels: Label[]) => void;
  onCancel: () => void;
}

/** Change the values of labels, and give new ones. */
export function LabelsForm({ labels, busy, onDone, onCancel }: LabelsFormProps) {
  const [rows, setRows] = useState(() => [...labels.filter((label) => !label.key.startsWith("system.")), { key: "", value: "" }]);
  const [own] = useState(() => rows.length - 1);
  const set = (place: number, change: Partial<Label>) => {
    const next = rows.map((row, at) => (at === place ? { ...row, ...change } : row));
    if (next.at(-1)?.key) next.push({ key: "", value: "" });
    setRows(next);
  };
  const given = rows.filter((row) => row.key && row.value);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone(given);
      }}
    >
      <p className={css.text}>
        Labels are found by filters and by the search. One that an execution has can be changed, but not taken away.
      </p>
      {rows.map((row, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are only added at the end
        <div key={place} className={css.label}>
          <TextInput
            aria-label={`Key ${place + 1}`}
            placeholder="key"
            value={row.key}
            disabled={place < own}
            onChange={(event) => set(place, { key: event.target.value })}
          />
          <TextInput
            aria-label={`Value ${place + 1}`}
            placeholder="value"
            value={row.value}
            onChange={(event) => set(place, { value: event.target.value })}
          />
        </div>
      ))}
      <Group justify="flex-end" gap="sm" mt="lg">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={busy} disabled={given.length === 0}>
          Save
        </Button>
      </Group>
    </form>
  );
}
