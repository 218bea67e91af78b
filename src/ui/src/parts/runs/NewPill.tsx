import { UnstyledButton } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { type Runs, waitingCount } from "@/parts/runs/merge";
import css from "@/parts/runs/NewPill.module.css";

/** `3 new`: rows that wait to be asked for, because somebody reads the list. */
export function NewPill({ runs, held, show }: { runs: Runs; held: boolean; show: () => void }) {
  const count = waitingCount(runs);
  return (
    <div className={css.place} role="status">
      {held && count > 0 && (
        <UnstyledButton className={css.pill} onClick={show}>
          <IconArrowUp className={css.icon} aria-hidden /> {count.toLocaleString()} new
        </UnstyledButton>
      )}
    </div>
  );
}
