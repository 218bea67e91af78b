import { Button, Progress } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconHistory, IconPlayerPause } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { rawJson } from "@/api/client";
import type { Trigger } from "@/api/types";
import { useMay } from "@/app/useMe";
import { BackfillForm } from "@/pages/triggers/BackfillForm";
import { shareOf } from "@/pages/triggers/backfill";
import { namespacesOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { TRIGGERS_KEY } from "@/pages/triggers/useTriggers";
import { Confirm } from "@/parts/Confirm";
import { Facts } from "@/parts/Facts";
import { JsonTree } from "@/parts/JsonTree";
import { notify } from "@/parts/notify";
import { Section } from "@/parts/Page";
import { Empty } from "@/parts/Shown";
import { Sign } from "@/parts/Sign";
import { exactText } from "@/parts/time";

type Backfill = NonNullable<Trigger["state"]["backfill"]>;

/** Run a schedule for times that are past: the form, or how far the one that goes on has come. */
export function BackfillTab({ trigger }: { trigger: Trigger }) {
  const may = useMay("run", namespacesOf(trigger)[0]);
  const backfill = trigger.state.backfill;
  if (backfill) return <Going trigger={trigger} backfill={backfill} may={may} />;
  if (!may)
    return (
      <Empty title="No backfill goes on" command={`onbeat users set NAME --grant operator:${namespacesOf(trigger)[0] ?? ""}`}>
        A backfill runs times of the schedule that are past. To begin one takes the role operator in this namespace.
      </Empty>
    );
  return <BackfillForm trigger={trigger} />;
}

function Going({ trigger, backfill, may }: { trigger: Trigger; backfill: Backfill; may: boolean }) {
  const client = useQueryClient();
  const [asking, { open, close }] = useDisclosure();
  const change = useMutation({
    mutationFn: (what: "pause" | "unpause" | "delete") =>
      rawJson(`/triggers/backfill/${what}`, {
        method: what === "delete" ? "POST" : "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: trigger.name }),
      }),
    onSuccess: (_, what) =>
      notify.done({ pause: "The backfill waits.", unpause: "The backfill goes on.", delete: "The backfill was given up." }[what]),
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: TRIGGERS_KEY }),
  });
  const share = shareOf(backfill);
  const at = (text: string) => exactText(Date.parse(text)).replace(/\.\d{3}/, "");
  return (
    <Section
      title="Backfill"
      actions={
        may && (
          <div className={css.beside}>
            <Button variant="default" loading={change.isPending} onClick={() => change.mutate(backfill.paused ? "unpause" : "pause")}>
              {backfill.paused ? "Go on" : "Pause"}
            </Button>
            <Button variant="default" color="red" onClick={open}>
              Give up
            </Button>
          </div>
        )
      }
    >
      <div className={css.going}>
        <div>
          {backfill.paused ? (
            <Sign family="paused" icon={IconPlayerPause} word="Paused" />
          ) : (
            <Sign family="running" icon={IconHistory} word="Running" />
          )}
        </div>
        <Progress value={share * 100} aria-label={`${backfill.runs} of ${backfill.total} executions`} />
        <Facts
          of={[
            ["Executions", `${backfill.runs.toLocaleString()} of ${backfill.total.toLocaleString()}`],
            ["Now at", at(backfill.currentDate)],
            ["From", at(backfill.start)],
            ["To", at(backfill.end)],
            ["Labels", backfill.labels.length > 0 ? backfill.labels.map(({ key, value }) => `${key}: ${value}`).join(", ") : null],
          ]}
        />
        {Object.keys(backfill.inputs).length > 0 && <JsonTree value={backfill.inputs} name="inputs" />}
      </div>
      <Confirm
        opened={asking}
        title="Give this backfill up?"
        action="Give up"
        onClose={close}
        onConfirm={() => {
          close();
          change.mutate("delete");
        }}
      >
        {`${(backfill.total - backfill.runs).toLocaleString()} executions are not started any more. Those that run go on.`}
      </Confirm>
    </Section>
  );
}
