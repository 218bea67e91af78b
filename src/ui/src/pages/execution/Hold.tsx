import { Button } from "@mantine/core";
import { useMay } from "@/app/useMe";
import type { Act } from "@/pages/execution/actions";
import css from "@/pages/execution/ExecutionPage.module.css";
import type { Waiting } from "@/pages/execution/flowOf";
import { TimeAgo } from "@/parts/Time";

/** What a paused execution waits for, and the way to let it go on. */
export function Hold({ waiting, namespace, onAct }: { waiting: Waiting; namespace: string; onAct: (act: Act) => void }) {
  const may = useMay("run", namespace);
  const approval = waiting.kind === "approval";
  const asked = waiting.inputs.length;
  const since = waiting.run?.history.at(-1)?.at;
  return (
    <section className={css.hold} aria-label="What it waits for">
      <p className={css.holdText}>
        {waiting.run ? (
          <>
            <code>{waiting.run.task}</code> waits{" "}
            {approval ? "for a decision" : asked > 0 ? `for ${asked} value${asked === 1 ? "" : "s"}` : "to be resumed"}
            {since !== undefined && (
              <>
                {" "}
                (since <TimeAgo at={since} />)
              </>
            )}
            .
          </>
        ) : (
          "Somebody paused it. It goes on when it is resumed."
        )}
        {waiting.description && ` ${waiting.description}`}
      </p>
      {may ? (
        <Button variant="default" onClick={() => onAct(approval ? "review" : "resume")}>
          {approval ? "Review" : "Resume"}
        </Button>
      ) : (
        <span className={css.holdText}>Who may run flows in this namespace lets it go on.</span>
      )}
    </section>
  );
}
