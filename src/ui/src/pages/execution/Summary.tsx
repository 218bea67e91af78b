import css from "@/pages/execution/ExecutionPage.module.css";
import type { Known } from "@/pages/execution/known";
import { Values } from "@/pages/execution/Values";
import { Section } from "@/parts/Page";

const has = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

/** Beside the Gantt while no task run is chosen: what came in and what came out. */
export function Summary({ known: { head } }: { known: Known }) {
  return (
    <div className={css.summary}>
      <p className={css.hint}>Choose a task run to see its log, outputs and attempts.</p>
      <Section title="Inputs">
        {has(head.inputs) ? <Values execution={head.id} value={head.inputs} path="inputs" open={2} /> : <p className={css.hint}>None.</p>}
      </Section>
      <Section title="Outputs">
        {has(head.outputs) ? (
          <Values execution={head.id} value={head.outputs} path="execution.outputs" open={2} />
        ) : (
          <p className={css.hint}>{head.state.endDate ? "None." : "None yet."}</p>
        )}
      </Section>
    </div>
  );
}
