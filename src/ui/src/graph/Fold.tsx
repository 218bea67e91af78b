import { UnstyledButton } from "@mantine/core";
import css from "@/graph/Fold.module.css";
import type { Within } from "@/graph/within";

/** Draws the flow that a task starts within the graph, folds it again, or says that it cannot be drawn. */
export function Fold({ within, onWithin }: { within: Within; onWithin: () => void }) {
  if (within === "cannot")
    return <span className={css.cannot}>It cannot be drawn here: the flow is not there, or its name comes of an expression.</span>;
  return (
    <UnstyledButton className={css.act} onClick={onWithin} aria-pressed={within === "yes"}>
      {within === "yes" ? "Fold it" : "Draw it here"}
    </UnstyledButton>
  );
}
