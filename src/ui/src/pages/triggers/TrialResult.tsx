import { IconAlertOctagon, IconCircleCheck, IconFilterOff, IconListCheck, type TablerIcon } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { components } from "@/api/schema";
import css from "@/pages/triggers/Trigger.module.css";
import { Condition } from "@/parts/Condition";
import { sentence, tell } from "@/parts/explained";
import { Facts } from "@/parts/Facts";
import { JsonTree } from "@/parts/JsonTree";
import { Said } from "@/parts/Said";
import { Sign } from "@/parts/Sign";
import type { Family } from "@/parts/states";

type Trial = components["schemas"]["Trial"];

const LOOK: Record<Trial["result"], { word: string; family: Family; icon: TablerIcon; says: string }> = {
  starts: { word: "Starts", family: "success", icon: IconCircleCheck, says: "This event would start:" },
  counts: {
    word: "Counts",
    family: "waiting",
    icon: IconListCheck,
    says: "The trigger waits for several events, and this is one of them.",
  },
  "condition false": { word: "Condition false", family: "warning", icon: IconFilterOff, says: "This event would start nothing." },
  dead: {
    word: "Dead",
    family: "failed",
    icon: IconAlertOctagon,
    says: "The trigger would take it and could not start: it would become a dead event.",
  },
};

/** What a trigger would make of an event. seen: the event itself, where it is known: long values come cut off. */
export function TrialResult({ trial, seen: whole }: { trial: Trial; seen: unknown }) {
  const { word, family, icon, says } = LOOK[trial.result];
  const { expression, seen } = tell({ trigger: trial.trigger, flows: [], result: trial.result, why: trial.why ?? undefined });
  return (
    <div className={css.result} aria-live="polite">
      <div>
        <Sign family={family} icon={icon} word={word} />
      </div>
      <p className={css.says}>{says}</p>
      {expression !== undefined ? (
        <Condition expression={expression} seen={typeof seen === "string" ? (whole ?? seen) : seen} />
      ) : (
        trial.why && (
          <p className={css.none}>
            <Said text={sentence(trial.why)} />
          </p>
        )
      )}
      {trial.starts.map((each) => (
        <div key={`${each.namespace}.${each.flowId}`} className={css.start}>
          <Facts
            of={[
              [
                "Flow",
                <Link key="flow" to="/flows/$namespace/$flow" params={{ namespace: each.namespace, flow: each.flowId }}>
                  {each.namespace}.{each.flowId}
                </Link>,
              ],
              ["Once for", <code key="key">{each.key.replaceAll("\n", " / ")}</code>],
              ["In order of", each.order],
              [
                "Labels",
                Object.keys(each.labels).length > 0
                  ? Object.entries(each.labels)
                      .map(([key, value]) => `${key}: ${value}`)
                      .join(", ")
                  : null,
              ],
            ]}
          />
          {Object.keys(each.inputs).length > 0 && <JsonTree value={each.inputs} name="inputs" />}
        </div>
      ))}
    </div>
  );
}
