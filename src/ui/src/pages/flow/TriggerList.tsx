import { Switch, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { FlowWithSource, Trigger } from "@/api/types";
import { useMay } from "@/app/useMe";
import { shortType } from "@/graph/drawing";
import { typeIcon } from "@/graph/icons";
import css from "@/pages/flow/Flow.module.css";
import { webhookOf } from "@/pages/flow/webhook";
import { isWebhook, lookOf, troubleOf } from "@/pages/triggers/status";
import { useSwitch } from "@/pages/triggers/useSwitch";
import { useTriggers } from "@/pages/triggers/useTriggers";
import { Copyable } from "@/parts/Copy";
import { Said } from "@/parts/Said";
import { Failed, Loading } from "@/parts/Shown";
import { Sign } from "@/parts/Sign";
import { TimeAgo } from "@/parts/Time";

/** What starts a flow: how each trigger is, when it is next, the address of a webhook. whole: with switches and types. */
export function TriggerList({ flow, whole = false }: { flow: FlowWithSource; whole?: boolean }) {
  const triggers = useTriggers();
  const name = `${flow.namespace}.${flow.id}`;
  const own = triggers.data?.results.filter((each) => each.flows.includes(name) || each.name.startsWith(`${name}.`)) ?? [];
  if (triggers.error && !triggers.data) return <Failed error={triggers.error} again={() => void triggers.refetch()} />;
  if (!triggers.data) return <Loading rows={3} label="Loading triggers" />;
  return (
    <ul className={css.triggers}>
      {own.map((trigger) => (
        <Row key={trigger.name} trigger={trigger} flow={flow} whole={whole} />
      ))}
      {own.length === 0 && <li className={css.dim}>Its triggers are being made ready.</li>}
    </ul>
  );
}

function Row({ trigger, flow, whole }: { trigger: Trigger; flow: FlowWithSource; whole: boolean }) {
  const Icon = typeIcon(trigger.type);
  const look = lookOf(trigger);
  const trouble = troubleOf(trigger);
  const address = isWebhook(trigger) ? webhookOf(flow, trigger.trigger) : null;
  const next = trigger.state.nextExecutionDate;
  return (
    <li className={css.trigger}>
      <span className={css.triggerName}>
        <Tooltip label={shortType(trigger.type)}>
          <Icon className={css.icon} role="img" aria-label={shortType(trigger.type)} />
        </Tooltip>
        <Link to="/triggers/$name" params={{ name: trigger.name }}>
          {trigger.triggerId}
        </Link>
        {whole && <span className={css.dim}>{shortType(trigger.type)}</span>}
      </span>
      {next ? (
        <span>
          <span className={css.dim}>next</span> <TimeAgo at={next} />
        </span>
      ) : (
        trigger.lastEvent && (
          <span>
            <span className={css.dim}>last event</span> <TimeAgo at={trigger.lastEvent} />
          </span>
        )
      )}
      <Sign family={look.family} icon={look.icon} word={look.word} why={look.means} />
      {whole && <OnOff trigger={trigger} namespace={flow.namespace} />}
      {trouble && (
        <span className={css.trouble}>
          <Said text={trouble} />
        </span>
      )}
      {address && (
        <span className={css.address}>
          <Copyable text={address} />
        </span>
      )}
    </li>
  );
}

function OnOff({ trigger, namespace }: { trigger: Trigger; namespace: string }) {
  const may = useMay("run", namespace);
  const change = useSwitch();
  const on = change.isPending ? !change.variables.disabled : !trigger.disabled;
  if (!may) return null;
  return (
    <Switch
      aria-label={`${trigger.triggerId} is ${on ? "on" : "off"}`}
      checked={on}
      onChange={(event) => change.mutate({ names: [trigger.name], disabled: !event.currentTarget.checked })}
    />
  );
}
