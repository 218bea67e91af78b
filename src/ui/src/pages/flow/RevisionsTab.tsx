import { Button, Select } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { FlowWithSource } from "@/api/types";
import { useMay } from "@/app/useMe";
import { CodeView } from "@/editor/CodeView";
import { DiffView } from "@/editor/DiffView";
import { saveFlow } from "@/editor/save";
import css from "@/pages/flow/Flow.module.css";
import { compared, type Revision, revisionsOf } from "@/pages/flow/revisions";
import { useRevisions, useSaves } from "@/pages/flow/useFlow";
import { FLOWS_KEY } from "@/pages/flows/useFlows";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";
import { Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

/** Every text that a flow has had: what was changed when, by whom; an old one can be made the newest. */
export function RevisionsTab({ flow }: { flow: FlowWithSource }) {
  const found = useRevisions(flow, flow.revision);
  const saves = useSaves(flow, flow.revision);
  const revisions = useMemo(() => revisionsOf(found.data ?? [], saves.data?.results), [found.data, saves.data]);
  const search = useSearch({ from: "/flows/$namespace/$flow" });
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const pair = compared(revisions, search.before, search.after);
  if (found.error && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data || !pair) return <Loading label="Loading the revisions" />;
  const choose = (after: Revision, before?: string) =>
    void navigate({ search: { tab: "revisions", after: String(after.number), before }, replace: true });
  return (
    <div className={css.revisions}>
      <ol className={css.list} aria-label="Revisions, the newest first">
        {revisions.map((each) => (
          <li key={each.number}>
            <button type="button" className={css.revision} aria-pressed={each.number === pair.after.number} onClick={() => choose(each)}>
              <span className={css.revisionHead}>
                <span className={css.number}>
                  Revision {each.number}
                  {each.number === flow.revision && <span className={css.dim}> · served</span>}
                </span>
                <span className={css.dim}>{each.number === 1 ? "first" : `+${each.added} −${each.removed}`}</span>
              </span>
              <span className={css.dim}>
                <TimeAgo at={each.at} />
                {each.who && ` by ${each.who}`}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <div className={css.diff}>
        <div className={css.bar}>
          {pair.before ? (
            <>
              <Select
                aria-label="Compared with"
                data={revisions.map((each) => ({ value: String(each.number), label: `Revision ${each.number}` }))}
                value={String(pair.before.number)}
                allowDeselect={false}
                onChange={(before) => before && choose(pair.after, before)}
              />
              <span>→ revision {pair.after.number}</span>
            </>
          ) : (
            <span>Revision {pair.after.number}, the first one</span>
          )}
          {pair.after.number !== flow.revision && (
            <span className={css.push}>
              <Restore flow={flow} revision={pair.after} />
            </span>
          )}
        </div>
        <div className={css.diffBody}>
          {pair.after.broken && <p className={css.dim}>{pair.after.broken}</p>}
          {pair.before ? (
            <DiffView
              key={`${pair.before.number}-${pair.after.number}`}
              before={pair.before.source}
              after={pair.after.source}
              beforeLabel={`Revision ${pair.before.number}`}
              afterLabel={`Revision ${pair.after.number}`}
            />
          ) : (
            <CodeView text={pair.after.source} language="yaml" label={`Revision ${pair.after.number}`} />
          )}
        </div>
      </div>
    </div>
  );
}

function Restore({ flow, revision }: { flow: FlowWithSource; revision: Revision }) {
  const may = useMay("write", flow.namespace);
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate({ from: "/flows/$namespace/$flow" });
  const { namespace, id, source } = flow;
  const save = useMutation({
    mutationFn: () => saveFlow({ namespace, id, revision: flow.revision, source: source ?? "" }, revision.source),
    onSuccess: (saved) => {
      setAsked(false);
      if (saved.kind === "saved") {
        notify.done(`Revision ${revision.number} is back, as revision ${saved.flow.revision}.`);
        void navigate({ search: { tab: "revisions" }, replace: true });
      } else if (saved.kind === "stale")
        notify.problem(new Error(`Revision ${saved.newest.revision} was saved meanwhile. Look at it, then restore again.`));
      else notify.problem(saved.kind === "wrong" ? saved.problem : new Error(saved.why));
      return client.invalidateQueries({ queryKey: FLOWS_KEY });
    },
    onError: notify.problem,
  });
  if (!may) return null;
  return (
    <>
      <Button variant="default" onClick={() => setAsked(true)}>
        Restore revision {revision.number}
      </Button>
      <Confirm
        opened={asked}
        mild
        title={`Restore revision ${revision.number}?`}
        action="Restore"
        busy={save.isPending}
        onConfirm={() => save.mutate()}
        onClose={() => setAsked(false)}
      >
        Its text is saved as revision {flow.revision + 1}. What runs goes on with the revision that it began with; nothing is lost.
      </Confirm>
    </>
  );
}
