/** What the items of a graph look like. Their places are the layout's; their states come from the context. */
import type { Node, NodeProps } from "@xyflow/react";
import { memo, useContext } from "react";
import { Graph } from "@/graph/context";
import type { Item } from "@/graph/drawing";
import { typeIcon } from "@/graph/icons";
import css from "@/graph/Nodes.module.css";
import { StateIcon } from "@/parts/StateBadge";

export type GraphNode = Node<{ item: Item }>;

const TaskNode = memo(({ data: { item } }: NodeProps<GraphNode>) => (
  <div className={css.node} data-kind={item.kind} data-off={item.disabled || undefined}>
    <Face item={item} />
  </div>
));

const GroupNode = memo(({ data: { item } }: NodeProps<GraphNode>) => (
  <div className={css.group} data-off={item.disabled || undefined}>
    <Face item={item} />
  </div>
));

const StartNode = memo(() => <div className={css.start} />);

const MarkNode = memo(({ data: { item } }: NodeProps<GraphNode>) => <div className={css.mark}>{item.name}</div>);

/** By `type` of a node. */
export const nodeTypes = { task: TaskNode, construct: GroupNode, start: StartNode, mark: MarkNode };

function Face({ item }: { item: Item }) {
  const { runs, selected, reached, choose, triggers, reach } = useContext(Graph);
  const Icon = typeIcon(item.type);
  const run = item.kind === "task" ? runs.get(item.id) : undefined;
  // Beside tasks that ran, one that has not, or never will.
  const idle = (runs.size > 0 && item.kind === "task" && !run) || undefined;
  const about = [item.name, item.note, item.description, item.flow ? `starts ${item.flow.namespace}.${item.flow.id}` : ""];
  const inner = (
    <>
      <span className={css.icon} data-kind={item.kind}>
        <Icon aria-hidden />
      </span>
      <span className={css.words}>
        <span className={css.name}>{item.name}</span>
        <span className={css.note}>{item.disabled ? `off · ${item.note}` : item.note}</span>
      </span>
      {run && (
        <span className={css.state}>
          {run.count > 1 && <span className={css.count}>×{run.count}</span>}
          <StateIcon state={run.state} />
        </span>
      )}
    </>
  );
  // The browser's own: two hundred nodes with a tooltip each would be slow to come.
  const tip = about.filter(Boolean).join("\n");
  return choose && (triggers || item.kind !== "trigger") ? (
    <button
      type="button"
      className={css.face}
      title={tip}
      data-idle={idle}
      data-item={item.id}
      aria-pressed={selected === item.id}
      tabIndex={reached === item.id ? 0 : -1}
      onFocus={() => reach(item.id)}
      onClick={() => choose(item.id)}
    >
      {inner}
    </button>
  ) : (
    <div className={css.face} title={tip} data-idle={idle}>
      {inner}
    </div>
  );
}
