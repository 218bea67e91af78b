import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconCopy,
  IconDots,
  IconHandStop,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerTrackNext,
  IconRefresh,
  IconRepeat,
  IconStatusChange,
  IconTag,
  IconTrash,
  IconUserQuestion,
  type TablerIcon,
} from "@tabler/icons-react";
import { useMemo } from "react";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { type Act, actsOf, primaryOf, VERB, type Waits } from "@/pages/execution/actions";
import type { Head } from "@/pages/execution/known";
import { type Ask, commandOf, requestOf } from "@/pages/execution/useActs";
import { curlOf } from "@/parts/Copy";
import { copyText } from "@/parts/clipboard";
import { notify } from "@/parts/notify";
import { SIZE } from "@/theme";

const ICON: Record<Act, TablerIcon> = {
  restart: IconRefresh,
  "restart-newest": IconRefresh,
  replay: IconRepeat,
  "replay-inputs": IconPencil,
  "replay-from": IconPlayerTrackNext,
  resume: IconPlayerPlay,
  review: IconUserQuestion,
  kill: IconHandStop,
  pause: IconPlayerPause,
  "run-now": IconPlayerPlay,
  "set-state": IconStatusChange,
  "set-run-state": IconStatusChange,
  labels: IconTag,
  delete: IconTrash,
};
const DANGEROUS: ReadonlySet<Act> = new Set(["kill", "delete"]);

interface ActionsBarProps {
  head: Head;
  waits: Waits;
  run: { id: string; ended: boolean } | null;
  busy: boolean;
  onAct: (act: Act) => void;
}

/** The one thing that is most likely wanted now, and a menu with the rest. */
export function ActionsBar({ head, waits, run, busy, onAct }: ActionsBarProps) {
  const may = useMay("run", head.namespace);
  const state = head.state.current;
  const runEnded = run?.ended ?? null;
  const primary = may ? primaryOf({ state, waits }) : null;
  const acts = useMemo(
    () => (may ? actsOf({ state, waits, run: runEnded === null ? null : { ended: runEnded } }) : []),
    [may, state, waits, runEnded],
  );
  useCommands(
    useMemo(
      () =>
        acts.map((act) => ({ id: `execution-${act}`, label: `${VERB[act]} …`, note: `${head.flowId} ${head.id}`, run: () => onAct(act) })),
      [acts, head.flowId, head.id, onAct],
    ),
  );
  const copy = (text: string, what: string) => void copyText(text).then((done) => done && notify.done(`${what} copied.`));
  const ask = primary && ["restart", "replay", "kill", "run-now"].includes(primary) ? ({ act: primary } as Ask) : null;
  const request = ask && requestOf(head, ask);
  const command = (ask && commandOf(head, ask)) ?? `onbeat executions show ${head.id}`;
  const verb = ask ? ` (${VERB[ask.act].toLowerCase()})` : "";
  const Icon = primary && ICON[primary];
  return (
    <>
      {primary && Icon && (
        <Button
          onClick={() => onAct(primary)}
          loading={busy}
          leftSection={<Icon size={SIZE.icon} aria-hidden />}
          {...(primary === "kill" ? { variant: "default" } : {})}
        >
          {VERB[primary]}
        </Button>
      )}
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <ActionIcon variant="default" aria-label="More to do">
            <IconDots size={SIZE.icon} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {acts
            .filter((act) => act !== primary)
            .map((act) => {
              const Sign = ICON[act];
              return (
                <Menu.Item
                  key={act}
                  color={DANGEROUS.has(act) ? "red" : undefined}
                  leftSection={<Sign size={SIZE.icon} aria-hidden />}
                  onClick={() => onAct(act)}
                >
                  {VERB[act]}
                </Menu.Item>
              );
            })}
          {acts.length > 0 && <Menu.Divider />}
          <Menu.Item
            leftSection={<IconCopy size={SIZE.icon} aria-hidden />}
            onClick={() =>
              copy(request ? curlOf(request.method, request.path, request.body) : curlOf("GET", `/executions/${head.id}`), "curl")
            }
          >
            Copy as curl{verb}
          </Menu.Item>
          <Menu.Item leftSection={<IconCopy size={SIZE.icon} aria-hidden />} onClick={() => copy(command, "Command")}>
            Copy as onbeat command{command.includes("show") ? "" : verb}
          </Menu.Item>
          <Menu.Item leftSection={<IconCopy size={SIZE.icon} aria-hidden />} onClick={() => copy(head.id, "Id")}>
            Copy id
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
