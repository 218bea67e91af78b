import { Tooltip } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import css from "@/parts/StateBadge.module.css";
import type { Family } from "@/parts/states";

interface SignProps {
  family: Family;
  icon: TablerIcon;
  word: string;
  /** Shown on hover and to keyboards: why it is so. */
  why?: string | null;
  spins?: boolean;
}

/** What something is, where that is no execution's state: an icon, a colour of the states, and a word. */
export function Sign({ family, icon: Icon, word, why, spins = false }: SignProps) {
  const badge = (
    <span className={css.badge} data-family={family}>
      <Icon className={css.icon} data-family={family} data-spins={spins || undefined} aria-hidden />
      {word}
    </span>
  );
  return why ? <Tooltip label={why}>{badge}</Tooltip> : badge;
}
