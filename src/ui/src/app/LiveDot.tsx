import { Tooltip } from "@mantine/core";
import css from "@/app/LiveDot.module.css";
import { useLiveStatus } from "@/live/client";

const WORDS = { live: "Live", connecting: "Connecting", lost: "Reconnecting" } as const;
const WHY = {
  live: "What is shown follows the server as it happens.",
  connecting: "The connection for live changes is being made.",
  lost: "The connection to the server broke. It is tried again by itself; what is shown may be old.",
} as const;

/** Whether pages follow the server; nothing where nothing is followed. */
export function LiveDot({ words = false }: { words?: boolean }) {
  const { status } = useLiveStatus();
  if (status === "idle") return <span className={css.live} data-status={status} />;
  return (
    <Tooltip label={WHY[status]}>
      <span className={css.live} data-status={status} role="status">
        <span className={css.dot} aria-hidden />
        {words || status === "lost" ? WORDS[status] : <span className={css.hidden}>{WORDS[status]}</span>}
      </span>
    </Tooltip>
  );
}
