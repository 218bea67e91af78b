import { ActionIcon, Menu, Switch, Tooltip } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/api/client";
import type { FlowWithSource } from "@/api/types";
import { useMay } from "@/app/useMe";
import css from "@/pages/flow/Flow.module.css";
import { useFlowSwitch } from "@/pages/flow/useFlow";
import { saveAs } from "@/pages/flows/useBulk";
import { FLOWS_KEY } from "@/pages/flows/useFlows";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";

/** Whether a flow is on, and the switch for who may turn it. */
export function FlowSwitch({ flow }: { flow: FlowWithSource }) {
  const may = useMay("write", flow.namespace);
  const change = useFlowSwitch(flow);
  const on = change.isPending ? change.variables : !flow.disabled;
  if (!may) return flow.disabled ? <span className={css.label}>off</span> : null;
  return (
    <Tooltip label={on ? "On: it can be started. Off, it starts nothing." : "Off: it starts nothing until it is switched on."}>
      <Switch
        checked={on}
        onChange={(event) => change.mutate(event.currentTarget.checked)}
        label={on ? "On" : "Off"}
        aria-label={`${flow.id} is ${on ? "on" : "off"}`}
      />
    </Tooltip>
  );
}

/** What else can be done with a flow. */
export function FlowMenu({ flow }: { flow: FlowWithSource }) {
  const may = useMay("write", flow.namespace);
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { namespace, id } = flow;
  const gone = useMutation({
    mutationFn: () => api.delete("/flows/{namespace}/{id}", { params: { path: { namespace, id } } }),
    onSuccess: async () => {
      notify.done(`${id} is deleted.`);
      await navigate({ to: "/flows", search: { namespace } });
      await client.invalidateQueries({ queryKey: FLOWS_KEY });
    },
    onError: (thrown) => {
      setAsked(false);
      notify.problem(thrown);
    },
  });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" aria-label="More of this flow">
            <IconDots className={css.icon} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() => saveAs(new Blob([flow.source ?? ""], { type: "application/yaml" }), `${namespace}.${id}.yaml`)}
            disabled={!flow.source}
          >
            Download the YAML
          </Menu.Item>
          <Menu.Item renderRoot={(props) => <Link to="/namespaces/$namespace" params={{ namespace }} {...props} />}>
            Open the namespace
          </Menu.Item>
          {may && (
            <>
              <Menu.Divider />
              <Menu.Item color="red" onClick={() => setAsked(true)}>
                Delete …
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={asked}
        title={`Delete ${namespace}.${id}?`}
        action="Delete"
        busy={gone.isPending}
        onConfirm={() => gone.mutate()}
        onClose={() => setAsked(false)}
      >
        {flow.file ? "Its file goes" : "It goes"}, and nothing starts it any more
        {flow.triggers.length > 0 ? "; its triggers end with it" : ""}. What stays:
        <ul className={css.names}>
          <li>its executions with their logs and outputs; those that run go on to their end,</li>
          <li>
            {flow.revision === 1 ? "its revision" : `its ${flow.revision} revisions`}: a flow of this name goes on counting from there,
          </li>
          <li>files and values of the namespace.</li>
        </ul>
      </Confirm>
    </>
  );
}
