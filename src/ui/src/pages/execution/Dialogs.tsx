import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { InputsForm } from "@/forms/InputsForm";
import type { Run } from "@/gantt/runs";
import type { Act } from "@/pages/execution/actions";
import css from "@/pages/execution/Dialogs.module.css";
import type { Waiting } from "@/pages/execution/flowOf";
import type { Head } from "@/pages/execution/known";
import { LabelsForm } from "@/pages/execution/LabelsForm";
import { StateForm } from "@/pages/execution/StateForm";
import type { Ask } from "@/pages/execution/useActs";
import type { FlowOfExecution } from "@/pages/execution/useFlow";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";
import { Loading } from "@/parts/Shown";

interface DialogsProps {
  act: Act | null;
  onClose: () => void;
  head: Head;
  run: Run | null;
  flow: FlowOfExecution | undefined;
  waiting: Waiting;
  busy: boolean;
  onAsk: (ask: Ask) => void;
  /** Read the execution anew. */
  again: () => void;
}

/** What an act asks before it is done. */
export function Dialogs({ act, onClose, head, run, flow, waiting, busy, onAsk, again }: DialogsProps) {
  const navigate = useNavigate();
  const name = `${head.flowId} ${head.id}`;
  const form = { namespace: head.namespace, flow: head.flowId, executionId: head.id, onCancel: onClose };
  return (
    <>
      <Confirm
        opened={act === "kill"}
        title={`Kill this execution of ${head.flowId}?`}
        action="Kill"
        busy={busy}
        onConfirm={() => onAsk({ act: "kill" })}
        onClose={onClose}
      >
        What runs is stopped, and the subflows that it started with it. What has run stays as it is; it can be restarted.
      </Confirm>
      <Confirm
        opened={act === "delete"}
        title={`Delete ${name}?`}
        action="Delete"
        busy={busy}
        onConfirm={() => onAsk({ act: "delete" })}
        onClose={onClose}
      >
        Its history, log, measurements and files are gone for good.
      </Confirm>
      <Modal opened={act === "replay-inputs"} onClose={onClose} title={`Replay ${head.flowId} with other inputs`} size="lg">
        {flow ? (
          <InputsForm
            {...form}
            mode="replay"
            inputs={flow.inputs}
            initial={head.inputs as Record<string, unknown>}
            onDone={(made) => {
              onClose();
              notify.done("Replayed as a new execution.");
              void navigate({ to: "/executions/$id", params: { id: made.id } });
            }}
          />
        ) : (
          <Loading rows={4} />
        )}
      </Modal>
      <Modal
        opened={act === "resume" || act === "review"}
        onClose={onClose}
        title={act === "review" ? `Decide ${waiting.run?.task ?? head.flowId}` : `Resume ${waiting.run?.task ?? head.flowId}`}
        size="lg"
      >
        {waiting.description && <p className={css.text}>{waiting.description}</p>}
        <InputsForm
          {...form}
          mode={act === "review" ? "review" : "resume"}
          inputs={waiting.inputs}
          decisions={waiting.decisions}
          commentRequired={waiting.commentRequired}
          onDone={() => {
            onClose();
            notify.done("It goes on.");
            again();
          }}
        />
      </Modal>
      <Modal
        opened={act === "set-state" || act === "set-run-state"}
        onClose={onClose}
        title={act === "set-run-state" ? `Change the state of ${run?.task ?? "the task"}` : `Change the state of ${head.flowId}`}
      >
        <StateForm
          key={act}
          of={act === "set-run-state" ? "run" : "execution"}
          now={act === "set-run-state" ? (run?.state ?? head.state.current) : head.state.current}
          busy={busy}
          onCancel={onClose}
          onDone={(state) => {
            if (act === "set-state") onAsk({ act: "set-state", state });
            else if (run) onAsk({ act: "set-run-state", run: run.id, state });
          }}
        />
      </Modal>
      <Modal opened={act === "labels"} onClose={onClose} title="Edit labels">
        {act === "labels" && (
          <LabelsForm labels={head.labels} busy={busy} onCancel={onClose} onDone={(labels) => onAsk({ act: "labels", labels })} />
        )}
      </Modal>
    </>
  );
}
