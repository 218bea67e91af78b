import { useMay } from "@/app/useMe";
import css from "@/pages/execution/ExecutionPage.module.css";
import type { Waiting } from "@/pages/execution/flowOf";
import { TimeAgo } from "@/parts/Time";

/** What a paused execution waits for. The button that lets it go on is the page's primary one. */
export function Hold({ waiting, namespace }: { waiting: Waiting; namespace: string }) {
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
      {!may && <p className={css.holdText}>Who may run flows in this namespace lets it go on.</p>}
    </section>
  );
}
