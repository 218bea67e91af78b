import {
  IconAlertTriangle,
  IconArrowForward,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconClock,
  IconHandStop,
  IconLoader2,
  IconPlayerPause,
  IconRefresh,
  IconRotateClockwise,
  IconSquareX,
  IconXboxX,
  type TablerIcon,
} from "@tabler/icons-react";
import type { StateName } from "@/api/types";
import css from "@/parts/StateBadge.module.css";
import { FAMILY, stateWord } from "@/parts/states";

const ICON: Record<StateName, TablerIcon> = {
  CREATED: IconCircleDashed,
  QUEUED: IconClock,
  SUBMITTED: IconCircleDashed,
  RUNNING: IconLoader2,
  RESTARTED: IconRotateClockwise,
  RETRYING: IconRefresh,
  PAUSED: IconPlayerPause,
  BREAKPOINT: IconPlayerPause,
  KILLING: IconHandStop,
  KILLED: IconHandStop,
  CANCELLED: IconBan,
  SUCCESS: IconCircleCheck,
  WARNING: IconAlertTriangle,
  FAILED: IconXboxX,
  RETRIED: IconSquareX,
  SKIPPED: IconArrowForward,
};

/** A state's icon alone, with its word for those who cannot see it. */
export function StateIcon({ state }: { state: StateName }) {
  const Icon = ICON[state];
  return (
    <Icon
      className={css.icon}
      data-family={FAMILY[state]}
      data-spins={state === "RUNNING" || undefined}
      role="img"
      aria-label={stateWord(state)}
    />
  );
}

/** A state: icon, colour and word. */
export function StateBadge({ state, large = false }: { state: StateName; large?: boolean }) {
  const Icon = ICON[state];
  return (
    <span className={css.badge} data-family={FAMILY[state]} data-large={large || undefined} data-state={state}>
      <Icon className={css.icon} data-family={FAMILY[state]} data-spins={state === "RUNNING" || undefined} aria-hidden />
      {stateWord(state)}
    </span>
  );
}
