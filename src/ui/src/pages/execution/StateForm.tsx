import { Button, Group, Radio, Stack } from "@mantine/core";
import { useState } from "react";
import type { StateName } from "@/api/types";
import { ENDINGS, RUN_ENDINGS } from "@/pages/execution/actions";
import css from "@/pages/execution/Dialogs.module.css";
import { StateBadge } from "@/parts/StateBadge";

interface StateFormProps {
  of: "execution" | "run";
  now: StateName;
  busy: boolean;
  onDone: (state: StateName) => void;
  onCancel: () => void;
}

/** Choose the state that something is to have ended in. */
export function StateForm({ of, now, busy, onDone, onCancel }: StateFormProps) {
  const choices = (of === "run" ? RUN_ENDINGS : ENDINGS).filter((each) => each !== now);
  const [state, setState] = useState<StateName>(choices[0] ?? "SUCCESS");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone(state);
      }}
    >
      <p className={css.text}>
        {of === "run"
          ? "For work that somebody did or undid by hand. The execution goes on from this task run, in the same execution."
          : "For work that somebody did or undid by hand. Nothing runs because of it."}
      </p>
      <Radio.Group value={state} onChange={(next) => setState(next as StateName)} aria-label="New state">
        <Stack gap="sm">
          {choices.map((each) => (
            <Radio key={each} value={each} label={<StateBadge state={each} />} />
          ))}
        </Stack>
      </Radio.Group>
      <Group justify="flex-end" gap="sm" mt="lg">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={busy}>
          Change
        </Button>
      </Group>
    </form>
  );
}
