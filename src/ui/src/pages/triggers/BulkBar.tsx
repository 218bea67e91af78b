import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Trigger } from "@/api/types";
import { useMay } from "@/app/useMe";
import css from "@/pages/triggers/Triggers.module.css";
import { useSwitch } from "@/pages/triggers/useSwitch";
import { Confirm } from "@/parts/Confirm";

const NAMED = 8;

/** What can be done with the triggers that are selected. Off is asked once: what comes meanwhile is skipped. */
export function BulkBar({ triggers, clear }: { triggers: readonly Trigger[]; clear: () => void }) {
  const may = useMay("run");
  const [asking, { open, close }] = useDisclosure();
  const change = useSwitch();
  const names = triggers.map((each) => each.name);
  const set = (disabled: boolean) => change.mutate({ names, disabled }, { onSuccess: clear });
  return (
    <div className={css.filters} role="toolbar" aria-label="Selected triggers">
      <span className={css.selected}>{names.length} selected</span>
      {may && (
        <>
          <Button variant="default" onClick={() => set(false)} loading={change.isPending}>
            Switch on
          </Button>
          <Button variant="default" onClick={open} loading={change.isPending}>
            Switch off
          </Button>
        </>
      )}
      <Button variant="subtle" color="gray" onClick={clear}>
        Clear
      </Button>
      <Confirm
        opened={asking}
        title={names.length === 1 ? "Switch this trigger off?" : `Switch ${names.length} triggers off?`}
        action="Switch off"
        onClose={close}
        onConfirm={() => {
          close();
          set(true);
        }}
      >
        <p className={css.text}>
          They start nothing until they are switched on again, also after a restart. Events that come meanwhile are skipped.
        </p>
        <ul className={css.names}>
          {names.slice(0, NAMED).map((name) => (
            <li key={name}>{name}</li>
          ))}
          {names.length > NAMED && <li>and {names.length - NAMED} more</li>}
        </ul>
      </Confirm>
    </div>
  );
}
