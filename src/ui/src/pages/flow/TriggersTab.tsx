import { Link } from "@tanstack/react-router";
import type { FlowWithSource } from "@/api/types";
import css from "@/pages/flow/Flow.module.css";
import { TriggerList } from "@/pages/flow/TriggerList";
import { Empty } from "@/parts/Shown";

/** What starts a flow, with switches. */
export function TriggersTab({ flow }: { flow: FlowWithSource }) {
  if (flow.triggers.length === 0)
    return (
      <Empty
        title="Nothing starts it by itself"
        action={
          <Link to="/flows/$namespace/$flow" params={{ namespace: flow.namespace, flow: flow.id }} search={{ tab: "editor" }}>
            Open the editor
          </Link>
        }
      >
        Give it triggers: an event on a topic, a webhook, a schedule, a file, the end of another flow.
      </Empty>
    );
  return (
    <div className={css.padded}>
      <div className={css.read}>
        <TriggerList flow={flow} whole />
      </div>
    </div>
  );
}
