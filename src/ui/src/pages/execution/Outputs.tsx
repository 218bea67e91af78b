import { useMemo } from "react";
import { useMay } from "@/app/useMe";
import type { Run } from "@/gantt/runs";
import { Evaluate } from "@/pages/execution/Evaluate";
import type { Known } from "@/pages/execution/known";
import css from "@/pages/execution/Outputs.module.css";
import { Values } from "@/pages/execution/Values";
import { Section } from "@/parts/Page";

const has = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

/** All that an execution holds: its inputs, what its tasks and it gave, and expressions on them. */
export function Outputs({ known, chosen }: { known: Known; chosen: Run | null }) {
  const { head, runs } = known;
  const evaluates = useMay("evaluate", head.namespace);
  const tasks = useMemo(() => outputsOf(runs), [runs]);
  const one = Object.keys(tasks)[0];
  return (
    <div className={css.view}>
      {evaluates && (
        <Section title={chosen ? `Evaluate, as ${chosen.task} sees it` : "Evaluate"}>
          <Evaluate key={chosen?.id} execution={head.id} run={chosen?.id} example={one ? `{{ outputs.${one} }}` : "{{ execution.id }}"} />
        </Section>
      )}
      <Section title="Outputs of the flow">
        {has(head.outputs) ? (
          <Values execution={head.id} value={head.outputs} path="execution.outputs" />
        ) : (
          <p className={css.hint}>
            None. A flow names its own under <code>outputs</code>.
          </p>
        )}
      </Section>
      <Section title="Outputs of tasks">
        {has(tasks) ? (
          <Values execution={head.id} value={tasks} path="outputs" open={2} />
        ) : (
          <p className={css.hint}>No task has given any.</p>
        )}
      </Section>
      <Section title="Inputs">
        {has(head.inputs) ? <Values execution={head.id} value={head.inputs} path="inputs" /> : <p className={css.hint}>None.</p>}
      </Section>
      {has(head.variables) && (
        <Section title="Variables">
          <Values execution={head.id} value={head.variables} path="vars" />
        </Section>
      )}
    </div>
  );
}

/** As expressions have them: by task, in loops by value too. */
export function outputsOf(runs: ReadonlyMap<string, Run>): Record<string, unknown> {
  const tasks: Record<string, unknown> = Object.create(null);
  for (const run of runs.values()) {
    if (!has(run.outputs)) continue;
    if (run.value === null) tasks[run.task] = run.outputs;
    else {
      const before = (tasks[run.task] ?? Object.create(null)) as Record<string, unknown>;
      before[run.value] = run.outputs;
      tasks[run.task] = before;
    }
  }
  return tasks;
}
