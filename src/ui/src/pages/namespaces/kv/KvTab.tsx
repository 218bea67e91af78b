import { Badge, Button, TextInput } from "@mantine/core";
import { IconPlus, IconSearch, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { KvDrawer } from "@/pages/namespaces/kv/KvDrawer";
import { KvForm } from "@/pages/namespaces/kv/KvForm";
import { TYPE_WORDS, type ValueType } from "@/pages/namespaces/kv/kv";
import css from "@/pages/namespaces/Namespaces.module.css";
import { Confirm } from "@/parts/Confirm";
import { type Column, DataTable } from "@/parts/DataTable";
import { notify } from "@/parts/notify";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

type Line = components["schemas"]["ValueLine"];
const NONE: ReadonlySet<string> = new Set();

/** The values that flows of a namespace see: its own, and those of the namespaces above. */
export default function KvTab({ namespace }: { namespace: string }) {
  const { q = "", key } = useSearch({ from: "/namespaces/$namespace" });
  const navigate = useNavigate({ from: "/namespaces/$namespace" });
  const mayWrite = useMay("write", namespace);
  const [selected, setSelected] = useState<ReadonlySet<string>>(NONE);
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState(false);
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["kv", namespace],
    queryFn: () => api.get("/namespaces/{namespace}/kv/inheritance", { params: { path: { namespace } } }),
    refetchInterval: 15_000,
  });
  const rows = useMemo(() => {
    const words = q.toLowerCase();
    return (found.data ?? []).filter((line) => `${line.key} ${line.description ?? ""}`.toLowerCase().includes(words));
  }, [found.data, q]);
  const own = rows.filter((line) => line.namespace === namespace && selected.has(line.key));
  const remove = useMutation({
    mutationFn: () =>
      api.delete("/namespaces/{namespace}/kv", { params: { path: { namespace } }, body: { keys: own.map((line) => line.key) } }),
    onSuccess: (answered) => {
      setSelected(NONE);
      notify.done(answered.keys.length === 1 ? `${answered.keys[0]} is deleted.` : `${answered.keys.length} values are deleted.`);
      return queries.invalidateQueries({ queryKey: ["kv", namespace] });
    },
    onError: notify.problem,
    onSettled: () => setAsked(false),
  });
  useCommands(
    useMemo(
      () => (mayWrite ? [{ id: "kv:new", label: `New value in ${namespace}`, run: () => setMaking(true) }] : []),
      [mayWrite, namespace],
    ),
  );

  const columns: Column<Line>[] = [
    { id: "key", title: "Key", width: "minmax(7rem, 2fr)", cell: (line) => <code title={line.key}>{line.key}</code> },
    { id: "type", title: "Type", width: "7rem", cell: (line) => TYPE_WORDS[line.type as ValueType] ?? line.type },
    {
      id: "description",
      title: "For",
      width: "minmax(8rem, 3fr)",
      wide: true,
      cell: (line) => (
        <span className={css.dim} title={line.description ?? undefined}>
          {line.namespace !== namespace && (
            <Badge variant="default" size="sm" radius="sm" className={css.from} title={`Kept in ${line.namespace}, seen here`}>
              from {line.namespace}
            </Badge>
          )}
          {line.description}
        </span>
      ),
    },
    { id: "expires", title: "Ends", width: "6rem", right: true, wide: true, cell: (line) => <TimeAgo at={line.expirationDate} /> },
    { id: "updated", title: "Changed", width: "6rem", right: true, wide: true, cell: (line) => <TimeAgo at={line.updateDate} /> },
  ];
  const add = mayWrite && (
    <Button leftSection={<IconPlus className={css.icon} />} onClick={() => setMaking(true)}>
      New value
    </Button>
  );

  return (
    <div className={css.pane}>
      <div className={css.bar}>
        <TextInput
          data-grow
          data-search
          aria-label="Search keys"
          placeholder="Search by key or description"
          leftSection={<IconSearch className={css.icon} />}
          value={q}
          onChange={(event) => void navigate({ search: (before) => ({ ...before, q: event.target.value || undefined }), replace: true })}
        />
        {own.length > 0 && (
          <Button variant="default" color="red" leftSection={<IconTrash className={css.icon} />} onClick={() => setAsked(true)}>
            Delete {own.length}
          </Button>
        )}
        <span data-end>{add}</span>
      </div>
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading />
      ) : found.data.length === 0 ? (
        <Empty title="No value is kept here" action={add} command={`onbeat kv set ${namespace} color blue`}>
          Flows read a value as {"{{ kv('color') }}"} and keep one by a task core.kv.Set.
        </Empty>
      ) : rows.length === 0 ? (
        <Empty
          title={`No key has “${q}” in it`}
          action={
            <Button variant="default" onClick={() => void navigate({ search: (before) => ({ ...before, q: undefined }) })}>
              Clear the search
            </Button>
          }
        />
      ) : (
        <DataTable
          label={`Values of ${namespace}`}
          rows={rows}
          columns={columns}
          keyOf={(line) => line.key}
          linkOf={(line) => ({ to: "/namespaces/$namespace", params: { namespace }, search: (before) => ({ ...before, key: line.key }) })}
          selected={mayWrite ? selected : undefined}
          onSelect={setSelected}
        />
      )}
      <KvDrawer
        namespace={namespace}
        line={key ? found.data?.find((line) => line.key === key) : undefined}
        missing={key !== undefined && found.data !== undefined && !found.data.some((line) => line.key === key) ? key : null}
        onClose={() => void navigate({ search: (before) => ({ ...before, key: undefined }) })}
      />
      <KvForm
        namespace={namespace}
        opened={making}
        onClose={() => setMaking(false)}
        taken={(found.data ?? []).filter((line) => line.namespace === namespace).map((line) => line.key)}
      />
      <Confirm
        opened={asked}
        title={own.length === 1 ? `Delete ${own[0]?.key}?` : `Delete ${own.length} values?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsked(false)}
      >
        {own.map((line) => line.key).join(", ")}. Flows that read them fail, or see those of a namespace above.
      </Confirm>
    </div>
  );
}
