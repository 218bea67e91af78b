import { Drawer } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { FlowWithSource } from "@/api/types";
import { notify } from "@/parts/notify";
import { Loading } from "@/parts/Shown";

const InputsForm = lazy(() => import("@/forms/InputsForm").then((module) => ({ default: module.InputsForm })));

/** The form that starts a flow; what was started is shown then. */
export function RunDrawer({ flow, opened, onClose }: { flow: FlowWithSource; opened: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size="lg" title={`Run ${flow.id}`}>
      {opened && (
        <Suspense fallback={<Loading rows={4} />}>
          <InputsForm
            mode="start"
            inputs={flow.inputs}
            namespace={flow.namespace}
            flow={flow.id}
            onDone={(execution) => {
              notify.done(`${flow.id} was started.`);
              void navigate({ to: "/executions/$id", params: { id: execution.id } });
            }}
            onCancel={onClose}
          />
        </Suspense>
      )}
    </Drawer>
  );
}
