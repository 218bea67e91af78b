import { ActionIcon, Button, Tabs, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useMay } from "@/app/useMe";
import type { Run } from "@/gantt/runs";
import { Attempts } from "@/pages/execution/Attempts";
import type { Act } from "@/pages/execution/actions";
import { Evaluate } from "@/pages/execution/Evaluate";
import type { Head } from "@/pages/execution/known";
import { Logs } from "@/pages/execution/Logs";
import css from "@/pages/execution/RunPanel.module.css";
import type { Panel } from "@/pages/execution/search";
import { Values } from "@/pages/execution/Values";
import { plain } from "@/parts/ansi";
import { CopyButton } from "@/parts/Copy";
import { StateBadge } from "@/parts/StateBadge";
import { ended } from "@/parts/states";
import { durationText } from "@/parts/time";

interface RunPanelProps {
  head: Head;
  run: Run;
  panel: Panel;
  onPanel: (panel: Panel) => void;
  onClose: () => void;
  onAct: (act: Act) => void;
  /** What stands below its head. */
  below?: ReactNode;
}

/** The chosen task run: its log, its outputs, its attempts. */
export function RunPanel({ head, run, panel, onPanel, onClose, onAct, below }: RunPanelProps) {
  const evaluates = useMay("evaluate", head.namespace);
  const runs = useMay("run", head.namespace);
  const outputs = Object.keys(run.outputs).length;
  return (
    <section className={css.panel} aria-label={`Task run ${run.task}`}>
      <header className={css.head}>
        <StateBadge state={run.state} />
        <h2 className={css.title}>
          {run.task}
          {run.value !== null && <code className={css.value}>{run.value}</code>}
        </h2>
        <span className={css.took}>{run.end !== null && durationText(run.end - run.start)}</span>
        <span className={css.acts}>
          {runs && ended(head.state.current) && (
            <Tooltip label="A new execution: what came before is copied, this task and what follows run again.">
              <Button variant="default" onClick={() => onAct("replay-from")}>
                Replay from here
              </Button>
            </Tooltip>
          )}
          <CopyButton text={run.id} label="Copy the task run's id" />
          <ActionIcon size="sm" aria-label="Close the task run" onClick={onClose}>
            <IconX size={16} />
          </ActionIcon>
        </span>
      </header>
      {below}
      {run.error && <pre className={css.error}>{plain(run.error)}</pre>}
      <Tabs className={css.tabs} value={panel} onChange={(next) => onPanel((next ?? "logs") as Panel)}>
        <Tabs.List className={css.list}>
          <Tabs.Tab value="logs">Log</Tabs.Tab>
          <Tabs.Tab value="outputs">Outputs{outputs > 0 ? ` ${outputs}` : ""}</Tabs.Tab>
          <Tabs.Tab value="attempts">Attempts{run.attempts.length > 0 ? ` ${run.attempts.length}` : ""}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="logs" className={css.body}>
          <Logs key={run.id} execution={head.id} run={run.id} ended={run.end !== null} />
        </Tabs.Panel>
        <Tabs.Panel value="outputs" className={css.body}>
          <div className={css.values}>
            {evaluates && <Evaluate key={`ask ${run.id}`} execution={head.id} run={run.id} example={`{{ outputs.${run.task} }}`} />}
            {outputs > 0 ? (
              <Values key={`have ${run.id}`} execution={head.id} value={run.outputs} path={`outputs.${run.task}`} />
            ) : (
              <p className={css.none}>{run.end === null ? "It has given no outputs yet." : "It gave no outputs."}</p>
            )}
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="attempts" className={css.body}>
          <Attempts
            run={run}
            onChangeState={runs && ended(head.state.current) && run.end !== null ? () => onAct("set-run-state") : undefined}
          />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}
