import { VisuallyHidden } from "@mantine/core";
import type { TaskState } from "@/graph/context";
import type { Drawing } from "@/graph/drawing";
import { stateWord } from "@/parts/states";

/** A drawing as a list, for those who cannot see it: each task with its type, its state, what leads to it. */
export function Outline({ drawing, runs, label }: { drawing: Drawing; runs: ReadonlyMap<string, TaskState>; label: string }) {
  return (
    <VisuallyHidden>
      <section aria-label={`${label}, as a list`}>
        <Level drawing={drawing} runs={runs} />
      </section>
    </VisuallyHidden>
  );
}

function Level({ drawing, runs }: { drawing: Drawing; runs: ReadonlyMap<string, TaskState> }) {
  const shown = drawing.items.filter((item) => item.kind !== "entry" && item.kind !== "start" && item.kind !== "mark");
  return (
    <ol>
      {shown.map((item) => {
        const run = item.kind === "task" ? runs.get(item.id) : undefined;
        const way = drawing.edges.find((edge) => edge.target === item.id && edge.label)?.label;
        const said = [
          item.kind === "trigger" ? "trigger" : "",
          item.note,
          way ?? "",
          item.disabled ? "disabled" : "",
          run ? stateWord(run.state) : "",
          run && run.count > 1 ? `${run.count} runs` : "",
        ].filter(Boolean);
        return (
          <li key={item.id}>
            {item.name}: {said.join(", ")}
            {item.inside && <Level drawing={item.inside} runs={runs} />}
          </li>
        );
      })}
    </ol>
  );
}
