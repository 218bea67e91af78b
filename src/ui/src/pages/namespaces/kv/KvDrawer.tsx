import { Button, Drawer } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/useMe";
import own from "@/pages/namespaces/kv/Kv.module.css";
import { KvForm } from "@/pages/namespaces/kv/KvForm";
import { TYPE_WORDS, textOf, type ValueType } from "@/pages/namespaces/kv/kv";
import css from "@/pages/namespaces/Namespaces.module.css";
import { Confirm } from "@/parts/Confirm";
import { CopyAs, Copyable, curlOf } from "@/parts/Copy";
import { JsonTree } from "@/parts/JsonTree";
import { notify } from "@/parts/notify";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

interface KvDrawerProps {
  namespace: string;
  /** The key that is open. */
  line: components["schemas"]["ValueLine"] | undefined;
  /** The key that is asked for and not there. */
  missing: string | null;
  onClose: () => void;
}

/** One value: what it is, how to read it, and what can be done to it. */
export function KvDrawer({ namespace, line, missing, onClose }: KvDrawerProps) {
  return (
    <Drawer
      opened={line !== undefined || missing !== null}
      onClose={onClose}
      position="right"
      title={line ? <code>{line.key}</code> : missing}
    >
      {line && <Value key={`${line.namespace}/${line.key}`} namespace={namespace} line={line} onGone={onClose} />}
      {missing !== null && <Empty title="There is no such value">It was deleted, or its time has ended.</Empty>}
    </Drawer>
  );
}

function Value({ namespace, line, onGone }: { namespace: string; line: components["schemas"]["ValueLine"]; onGone: () => void }) {
  const path = { namespace: line.namespace, key: line.key };
  const mayWrite = useMay("write", line.namespace);
  const inherited = line.namespace !== namespace;
  const [asked, setAsked] = useState<"edit" | "delete" | null>(null);
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["kv", line.namespace, line.key],
    queryFn: () => api.get("/namespaces/{namespace}/kv/{key}", { params: { path } }),
    placeholderData: undefined,
  });
  const { refetch } = found;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list tells that it changed
  useEffect(() => void refetch(), [line.updateDate]);
  const remove = useMutation({
    mutationFn: () => api.delete("/namespaces/{namespace}/kv/{key}", { params: { path } }),
    onSuccess: async () => {
      onGone();
      notify.done(`${line.key} is deleted.`);
      await queries.invalidateQueries({ queryKey: ["kv"] });
    },
    onError: notify.problem,
    onSettled: () => setAsked(null),
  });
  const value = found.data?.value;
  return (
    <div className={own.value}>
      <dl className={own.facts}>
        <dt>Type</dt>
        <dd>{TYPE_WORDS[line.type as ValueType] ?? line.type}</dd>
        {line.description && (
          <>
            <dt>For</dt>
            <dd>{line.description}</dd>
          </>
        )}
        {inherited && (
          <>
            <dt>Kept in</dt>
            <dd>
              <Link to="/namespaces/$namespace" params={{ namespace: line.namespace }} search={{ tab: "kv", key: line.key }}>
                {line.namespace}
              </Link>
            </dd>
          </>
        )}
        <dt>Ends</dt>
        <dd>{line.expirationDate ? <TimeAgo at={line.expirationDate} /> : "never"}</dd>
        <dt>Changed</dt>
        <dd>
          <TimeAgo at={line.updateDate} />
        </dd>
        <dt>Made</dt>
        <dd>
          <TimeAgo at={line.creationDate} />
        </dd>
      </dl>
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading rows={3} />
      ) : typeof value === "object" && value !== null ? (
        <div className={own.tree}>
          <JsonTree value={value} path={`kv('${line.key}')`} open={2} />
        </div>
      ) : (
        <pre className={own.text}>{textOf(found.data.type, value) || <span className={css.faint}>an empty text</span>}</pre>
      )}
      <div className={own.use}>
        <span className={css.dim}>In a flow</span>
        <Copyable text={`{{ kv('${line.key}') }}`} command />
      </div>
      <div className={own.actions}>
        {mayWrite && (
          <>
            <Button leftSection={<IconPencil className={css.icon} />} disabled={!found.data} onClick={() => setAsked("edit")}>
              Edit
            </Button>
            <Button variant="default" leftSection={<IconTrash className={css.icon} />} onClick={() => setAsked("delete")}>
              Delete
            </Button>
          </>
        )}
        <CopyAs curl={curlOf("GET", `/namespaces/${line.namespace}/kv/${line.key}`)} cli={`onbeat kv get ${line.namespace} ${line.key}`} />
      </div>
      {found.data && (
        <KvForm
          namespace={line.namespace}
          opened={asked === "edit"}
          onClose={() => setAsked(null)}
          of={{ line, type: found.data.type, value }}
        />
      )}
      <Confirm
        opened={asked === "delete"}
        title={`Delete ${line.key}?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsked(null)}
      >
        It is deleted in {line.namespace}. Flows that read it fail, or see that of a namespace above.
      </Confirm>
    </div>
  );
}
