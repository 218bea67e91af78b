import { Button } from "@mantine/core";
import { useState } from "react";
import { useMay } from "@/app/useMe";
import css from "@/pages/flows/Flows.module.css";
import { type FlowName, keyOf } from "@/pages/flows/lines";
import { type BulkChange, useBulkChange, useExport } from "@/pages/flows/useBulk";
import { Confirm } from "@/parts/Confirm";

const SHOWN = 8;

/** What can be done with the flows that are selected. Off and delete are asked once. */
export function BulkBar({ flows, clear }: { flows: readonly FlowName[]; clear: () => void }) {
  const may = useMay("write");
  const [asked, setAsked] = useState<"disable" | "delete" | null>(null);
  const change = useBulkChange();
  const exported = useExport();
  const run = (wanted: BulkChange) => {
    setAsked(null);
    change.mutate({ change: wanted, flows }, { onSuccess: clear });
  };
  const what = flows.length === 1 ? "this flow" : `${flows.length} flows`;
  return (
    <div className={css.bar} role="toolbar" aria-label="Selected flows">
      <span className={css.selected}>{flows.length} selected</span>
      {may && (
        <>
          <Button variant="default" onClick={() => run("enable")} loading={change.isPending}>
            Switch on
          </Button>
          <Button variant="default" onClick={() => setAsked("disable")} loading={change.isPending}>
            Switch off
          </Button>
        </>
      )}
      <Button variant="default" onClick={() => exported.mutate(flows)} loading={exported.isPending}>
        Export
      </Button>
      {may && (
        <Button variant="default" color="red" onClick={() => setAsked("delete")} loading={change.isPending}>
          Delete
        </Button>
      )}
      <Button variant="subtle" color="gray" onClick={clear}>
        Clear
      </Button>
      <Confirm
        opened={asked === "disable"}
        title={`Switch ${what} off?`}
        action="Switch off"
        onConfirm={() => run("disable")}
        onClose={() => setAsked(null)}
      >
        {flows.length === 1 ? "It starts nothing until it is" : "They start nothing until they are"} switched on again; what runs goes on.
        Events that come meanwhile are skipped.
        <Names flows={flows} />
      </Confirm>
      <Confirm
        opened={asked === "delete"}
        title={`Delete ${what}?`}
        action="Delete"
        onConfirm={() => run("delete")}
        onClose={() => setAsked(null)}
      >
        {flows.length === 1 ? "Its file goes" : "Their files go"}, and nothing starts {flows.length === 1 ? "it" : "them"} any more.
        Executions, logs and old revisions stay; what runs goes on to its end.
        <Names flows={flows} />
      </Confirm>
    </div>
  );
}

function Names({ flows }: { flows: readonly FlowName[] }) {
  return (
    <ul className={css.names}>
      {flows.slice(0, SHOWN).map((flow) => (
        <li key={keyOf(flow)}>
          {flow.namespace}.{flow.id}
        </li>
      ))}
      {flows.length > SHOWN && <li>and {flows.length - SHOWN} more</li>}
    </ul>
  );
}
