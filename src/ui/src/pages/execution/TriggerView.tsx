import { Link } from "@tanstack/react-router";
import { causeOf } from "@/pages/execution/cause";
import type { Head } from "@/pages/execution/known";
import css from "@/pages/execution/Outputs.module.css";
import { Values } from "@/pages/execution/Values";
import { Section } from "@/parts/Page";
import { Empty } from "@/parts/Shown";

/** What started it, whole: the event or request as the trigger gave it to the flow. */
export function TriggerView({ head }: { head: Head }) {
  const cause = causeOf(head);
  if (!head.trigger) {
    return (
      <Empty title="No trigger started this execution" command={`onbeat flows run ${head.namespace}.${head.flowId}`}>
        It was started by hand, by the API, or as a repetition of another one.
      </Empty>
    );
  }
  return (
    <div className={css.view}>
      <Section
        title={`${head.trigger.id}${head.trigger.type ? ` · ${head.trigger.type.replace("io.kestra.plugin.", "")}` : ""}`}
        actions={
          cause.event && (
            <Link to="/events" search={{ tab: "explain", topic: cause.event.topic, event: `${cause.event.topic}/${cause.event.id}` }}>
              What else this event started
            </Link>
          )
        }
      >
        <Values execution={head.id} value={head.trigger.variables ?? {}} path="trigger" open={4} />
      </Section>
    </div>
  );
}
