import { Badge, Button, TextInput } from "@mantine/core";
import { IconKey, IconPlus, IconSearch, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "@/api/client";
import { useMay } from "@/app/useMe";
import css from "@/pages/namespaces/Namespaces.module.css";
import { type SecretRow, secretRows } from "@/pages/namespaces/secrets/rows";
import { SecretForm } from "@/pages/namespaces/secrets/SecretForm";
import { Confirm } from "@/parts/Confirm";
import { CopyButton } from "@/parts/Copy";
import { type Column, DataTable } from "@/parts/DataTable";
import { notify } from "@/parts/notify";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

/** The secrets that flows of a namespace see, by name: a value goes in and never comes out. */
export default function SecretsTab({ namespace }: { namespace: string }) {
  const { q = "" } = useSearch({ from: "/namespaces/$namespace" });
  const navigate = useNavigate({ from: "/namespaces/$namespace" });
  const mayWrite = useMay("write", namespace);
  const [edited, setEdited] = useState<SecretRow | "new" | null>(null);
  const [gone, setGone] = useState<SecretRow | null>(null);
  const queries = useQueryClient();
  const params = { path: { namespace } };
  const own = useQuery({
    queryKey: ["secrets", namespace],
    queryFn: () => api.get("/namespaces/{namespace}/secrets", { params }),
  });
  const above = useQuery({
    queryKey: ["secrets", namespace, "inherited"],
    queryFn: () => api.get("/namespaces/{namespace}/inherited-secrets", { params }),
  });
  const rows = useMemo(() => secretRows(namespace, own.data?.results ?? [], above.data ?? {}), [namespace, own.data, above.data]);
  const shown = rows.filter((row) => `${row.key} ${row.description ?? ""}`.toLowerCase().includes(q.toLowerCase()));
  const remove = useMutation({
    mutationFn: (row: SecretRow) => api.delete("/namespaces/{namespace}/secrets/{key}", { params: { path: { namespace, key: row.key } } }),
    onSuccess: (_, row) => {
      notify.done(`${row.key} is deleted.`);
      return queries.invalidateQueries({ queryKey: ["secrets"] });
    },
    onError: notify.problem,
    onSettled: () => setGone(null),
  });

  const columns: Column<SecretRow>[] = [
    {
      id: "key",
      title: "Name",
      width: "minmax(10rem, 2fr)",
      cell: (row) => <code title={row.key}>{row.key}</code>,
    },
    {
      id: "description",
      title: "For",
      width: "minmax(6rem, 3fr)",
      wide: true,
      cell: (row) => (
        <span className={css.dim} title={row.description ?? undefined}>
          {row.inherited && (
            <Badge variant="default" size="sm" radius="sm" className={css.from}>
              from {row.namespace}
            </Badge>
          )}
          {row.hidden && "hidden by the one of this namespace"}
          {row.description}
        </span>
      ),
    },
    {
      id: "updated",
      title: "Changed",
      width: "6rem",
      right: true,
      wide: true,
      cell: (row) => (row.updated ? <TimeAgo at={row.updated} /> : ""),
    },
    {
      id: "actions",
      title: "",
      width: "11rem",
      right: true,
      cell: (row) => (
        <span className={css.rowActions}>
          <CopyButton text={`{{ secret('${row.key}') }}`} label="Copy how a flow reads it" />
          {mayWrite && !row.inherited && (
            <>
              <Button variant="subtle" size="compact-xs" onClick={() => setEdited(row)}>
                Replace
              </Button>
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                aria-label={`Delete ${row.key}`}
                title="Delete"
                onClick={() => setGone(row)}
              >
                <IconTrash className={css.icon} />
              </Button>
            </>
          )}
        </span>
      ),
    },
  ];
  const add = mayWrite && (
    <Button leftSection={<IconPlus className={css.icon} />} onClick={() => setEdited("new")}>
      New secret
    </Button>
  );
  return (
    <div className={css.pane}>
      <div className={css.bar}>
        <TextInput
          data-grow
          data-search
          aria-label="Search secrets"
          placeholder="Search by name"
          leftSection={<IconSearch className={css.icon} />}
          value={q}
          onChange={(event) => void navigate({ search: (before) => ({ ...before, q: event.target.value || undefined }), replace: true })}
        />
        <span data-end>{add}</span>
      </div>
      {own.isError && !own.data ? (
        <Failed error={own.error} again={() => void own.refetch()} />
      ) : !own.data ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty
          title="No secret is kept here"
          icon={<IconKey aria-hidden />}
          action={add}
          command={`onbeat secrets set ${namespace} GITHUB_TOKEN`}
        >
          Flows read one as {"{{ secret('GITHUB_TOKEN') }}"}. Its value is kept encrypted, hidden in logs, and never shown again.
        </Empty>
      ) : shown.length === 0 ? (
        <Empty
          title={`No secret has “${q}” in its name`}
          action={
            <Button variant="default" onClick={() => void navigate({ search: (before) => ({ ...before, q: undefined }) })}>
              Clear the search
            </Button>
          }
        />
      ) : (
        <DataTable label={`Secrets of ${namespace}`} rows={shown} columns={columns} keyOf={(row) => `${row.namespace}/${row.key}`} />
      )}
      <SecretForm namespace={namespace} of={edited} onClose={() => setEdited(null)} />
      <Confirm
        opened={gone !== null}
        title={`Delete the secret ${gone?.key}?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => gone && remove.mutate(gone)}
        onClose={() => setGone(null)}
      >
        Nobody can read it before that, and nobody can bring it back. Tasks that use it fail.
      </Confirm>
    </div>
  );
}
