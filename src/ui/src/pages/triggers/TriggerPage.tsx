import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { rawJson } from "@/api/client";
import type { Trigger } from "@/api/types";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { BackfillTab } from "@/pages/triggers/BackfillTab";
import { Definition } from "@/pages/triggers/Definition";
import { Overview } from "@/pages/triggers/Overview";
import type { TriggerTab } from "@/pages/triggers/search";
import { flowParts, isSchedule, lookOf, namespacesOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { TryTab } from "@/pages/triggers/TryTab";
import { useSwitch } from "@/pages/triggers/useSwitch";
import { TRIGGERS_KEY, useTriggers } from "@/pages/triggers/useTriggers";
import { ButtonLink } from "@/parts/ButtonLink";
import { Confirm } from "@/parts/Confirm";
import { sentence } from "@/parts/explained";
import { notify } from "@/parts/notify";
import { Page, PageTabs } from "@/parts/Page";
import { RunsTable } from "@/parts/RunsTable";
import { Said } from "@/parts/Said";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { Sign } from "@/parts/Sign";

/** One trigger: how it is, what it heard last and why that started what it did, its executions, its past times. */
export default function TriggerPage() {
  const { name } = useParams({ from: "/triggers/$name" });
  const triggers = useTriggers();
  const trigger = triggers.data?.results.find((each) => each.name === name);
  if (trigger) return <Shown trigger={trigger} />;
  return (
    <Page title={name} trail={<Trail />}>
      {triggers.error ? (
        <Failed error={triggers.error} again={() => void triggers.refetch()} />
      ) : triggers.data ? (
        <Empty title="There is no such trigger" action={<ButtonLink to="/triggers">All triggers</ButtonLink>}>
          It may have been taken out of its flow, or be in a namespace that you may not see.
        </Empty>
      ) : (
        <Loading label="Loading the trigger" />
      )}
    </Page>
  );
}

function Trail() {
  return (
    <>
      <Link to="/triggers">Triggers</Link> /
    </>
  );
}

function Shown({ trigger }: { trigger: Trigger }) {
  const { tab = "overview", event, dead } = useSearch({ from: "/triggers/$name" });
  const navigate = useNavigate({ from: "/triggers/$name" });
  const mayTry = useMay("evaluate", namespacesOf(trigger)[0]);
  const { family, icon, word, means } = lookOf(trigger);
  const schedule = isSchedule(trigger);
  const go = (next: TriggerTab) => void navigate({ search: { tab: next === "overview" ? undefined : next } });
  const tabs: { value: TriggerTab; label: string }[] = [
    { value: "overview", label: "Overview" },
    { value: "runs", label: "Executions" },
    ...(mayTry ? [{ value: "try" as const, label: "Try an event" }] : []),
    ...(schedule ? [{ value: "backfill" as const, label: "Backfill" }] : []),
    { value: "definition", label: "Definition" },
  ];
  useCommands(
    useMemo(
      () => [
        {
          id: "trigger:try",
          label: "Try an event on this trigger",
          note: trigger.triggerId,
          run: () => void navigate({ search: { tab: "try" } }),
        },
      ],
      [navigate, trigger.triggerId],
    ),
  );
  return (
    <Page
      title={trigger.name}
      trail={<Trail />}
      beside={<Sign family={family} icon={icon} word={word} why={means} spins={trigger.status === "starting"} />}
      actions={<Actions trigger={trigger} />}
      below={<PageTabs value={tab} onChange={go} tabs={tabs} />}
      wide={tab === "runs"}
    >
      {trigger.pausedBecause && tab !== "runs" && (
        <p className={css.trouble} data-family={family} role="status">
          <Said text={sentence(trigger.pausedBecause)} />
          {word === "Failing" && " It is tried again by itself; what comes meanwhile waits at its source."}
        </p>
      )}
      {tab === "overview" && <Overview trigger={trigger} />}
      {tab === "runs" && <RunsTable filter={filterOf(trigger)} empty={<NoRuns trigger={trigger} />} />}
      {tab === "try" && <TryTab trigger={trigger} event={event} dead={dead} />}
      {tab === "backfill" && <BackfillTab trigger={trigger} />}
      {tab === "definition" && <Definition trigger={trigger} />}
    </Page>
  );
}

/** Executions that a trigger started: its id is unique in its flow only. */
export function filterOf(trigger: Trigger): { triggerId: string; namespace?: string; flowId?: string } {
  const [first] = trigger.flows;
  if (trigger.flows.length !== 1 || first === undefined) return { triggerId: trigger.triggerId };
  const { namespace, flow } = flowParts(first);
  return { triggerId: trigger.triggerId, namespace, flowId: flow };
}

function NoRuns({ trigger }: { trigger: Trigger }) {
  return (
    <Empty
      title="It has started nothing yet"
      action={
        <ButtonLink to="/triggers/$name" params={{ name: trigger.name }} search={{ tab: "try" }} variant="default">
          Try an event
        </ButtonLink>
      }
    >
      What it starts appears here at once.
    </Empty>
  );
}

function Actions({ trigger }: { trigger: Trigger }) {
  const may = useMay("run", namespacesOf(trigger)[0]);
  const client = useQueryClient();
  const change = useSwitch();
  const [asking, { open, close }] = useDisclosure();
  const flow = trigger.flows[0];
  const restart = useMutation({
    mutationFn: () => {
      const { namespace, flow: id } = flowParts(flow ?? "");
      const parts = [namespace, id, trigger.triggerId].map(encodeURIComponent).join("/");
      return rawJson(`/triggers/${parts}/restart`, { method: "POST" });
    },
    onSuccess: () => notify.done(`${trigger.triggerId} is served anew.`),
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: TRIGGERS_KEY }),
  });
  if (!may) return null;
  const set = (disabled: boolean) => change.mutate({ names: [trigger.name], disabled });
  return (
    <>
      {flow !== undefined && !trigger.disabled && (
        <Button variant="default" onClick={() => restart.mutate()} loading={restart.isPending}>
          Restart
        </Button>
      )}
      {trigger.disabled ? (
        <Button onClick={() => set(false)} loading={change.isPending}>
          Switch on
        </Button>
      ) : (
        <Button variant="default" onClick={open} loading={change.isPending}>
          Switch off
        </Button>
      )}
      <Confirm
        opened={asking}
        title={`Switch ${trigger.triggerId} off?`}
        action="Switch off"
        onClose={close}
        onConfirm={() => {
          close();
          set(true);
        }}
      >
        It starts nothing until it is switched on again, also after a restart. Events that come meanwhile are skipped.
      </Confirm>
    </>
  );
}
