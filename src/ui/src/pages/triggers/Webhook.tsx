import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import type { Trigger } from "@/api/types";
import { flowParts } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { addressOf, callOf, hiddenKey } from "@/pages/triggers/webhook";
import { Copyable } from "@/parts/Copy";
import { Section } from "@/parts/Page";

/** The address of a webhook, and how it is called. */
export function Webhook({ trigger }: { trigger: Trigger }) {
  const [way, setWay] = useState<"curl" | "python">("curl");
  const flow = trigger.flows[0];
  if (flow === undefined) return null;
  const { namespace, flow: id } = flowParts(flow);
  const key = String(trigger.trigger.key ?? "KEY");
  const address = addressOf(location.origin, namespace, id, key);
  return (
    <Section
      title="Webhook"
      actions={
        <SegmentedControl
          aria-label="Example for"
          value={way}
          onChange={(next) => setWay(next === "python" ? "python" : "curl")}
          data={[
            { value: "curl", label: "curl" },
            { value: "python", label: "Python" },
          ]}
        />
      }
    >
      <div className={css.webhook}>
        <Copyable text={address} command />
        <Copyable text={callOf(way, address, trigger.trigger.methods)} command />
        <p className={css.none}>
          {hiddenKey(key)
            ? "The key is a secret that is not shown: put it in place of KEY."
            : "The key in the address is the access: whoever knows it may start the flow."}{" "}
          The same Idempotency-Key again gives the same execution.
        </p>
      </div>
    </Section>
  );
}
