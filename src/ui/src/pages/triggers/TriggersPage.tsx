import { Button, Select, TextInput } from "@mantine/core";
import { IconBolt, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useCommands } from "@/app/commands";
import { Attention } from "@/pages/triggers/Attention";
import { BulkBar } from "@/pages/triggers/BulkBar";
import { columns } from "@/pages/triggers/columns";
import { chosen, counts, LOOK, namespacesOf, ordered, shortType, statusOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Triggers.module.css";
import { useTriggers } from "@/pages/triggers/useTriggers";
import { ButtonLink } from "@/parts/ButtonLink";
import { DataTable } from "@/parts/DataTable";
import { Page } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** Every trigger: how it is, what it starts, what is wrong. */
export default function TriggersPage() {
  const search = useSearch({ from: "/triggers" });
  const navigate = useNavigate({ from: "/triggers" });
  const triggers = useTriggers();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => ordered(triggers.data?.results ?? []), [triggers.data]);
  const shown = useMemo(() => chosen(all, search), [all, search]);
  const marked = useMemo(() => all.filter((each) => selected.has(each.name)), [all, selected]);
  const types = useMemo(() => [...new Set(all.map((each) => each.type))].sort(), [all]);
  const namespaces = useMemo(() => [...new Set(all.flatMap(namespacesOf))].sort(), [all]);
  const set = (change: Partial<typeof search>) => void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  useCommands(
    useMemo(
      () => [
        {
          id: "triggers:failing",
          label: "Show failing triggers",
          note: "Triggers",
          run: () => void navigate({ search: { status: ["failing", "paused"] } }),
        },
      ],
      [navigate],
    ),
  );

  const filters = (
    <search className={css.filters}>
      <TextInput
        className={css.find}
        aria-label="Find triggers"
        placeholder="Find by name, flow, type or trouble"
        leftSection={<IconSearch className={css.icon} aria-hidden />}
        value={search.q ?? ""}
        onChange={(event) => set({ q: event.target.value || undefined })}
      />
      <Select
        className={css.pick}
        aria-label="Namespace"
        placeholder="Any namespace"
        data={namespaces}
        value={search.namespace ?? null}
        onChange={(namespace) => set({ namespace: namespace ?? undefined })}
        clearable
        searchable
      />
      <Select
        className={css.pick}
        aria-label="Type"
        placeholder="Any type"
        data={types.map((type) => ({ value: type, label: shortType(type) }))}
        value={search.type?.[0] ?? null}
        onChange={(type) => set({ type: type ? [type] : undefined })}
        clearable
        searchable
      />
      <fieldset className={css.chips}>
        <legend className={css.hidden}>State</legend>
        {counts(all).map(([status, count]) => {
          const on = search.status?.includes(status) ?? false;
          const { icon: Icon, word, family } = LOOK[status];
          const next = on ? search.status?.filter((each) => each !== status) : [...(search.status ?? []), status];
          return (
            <button
              key={status}
              type="button"
              className={css.chip}
              aria-pressed={on}
              onClick={() => set({ status: next?.length ? next : undefined })}
            >
              <Icon className={css.icon} data-family={family} aria-hidden /> {word} <span className={css.count}>{count}</span>
            </button>
          );
        })}
      </fieldset>
    </search>
  );

  const body = () => {
    if (triggers.error && !triggers.data) return <Failed error={triggers.error} again={() => void triggers.refetch()} />;
    if (!triggers.data) return <Loading label="Loading triggers" />;
    if (all.length === 0)
      return (
        <Empty
          title="No trigger yet"
          icon={<IconBolt aria-hidden />}
          command="onbeat init shop && cd shop && onbeat serve"
          action={<ButtonLink to="/welcome">See an event start a flow</ButtonLink>}
        >
          A trigger starts a flow when an event comes: give a flow <code>triggers:</code>, or put a file into the folder{" "}
          <code>triggers/</code>. This writes examples:
        </Empty>
      );
    if (shown.length === 0)
      return (
        <Empty
          title="No trigger is like that"
          action={
            <Button variant="default" onClick={() => void navigate({ search: {} })}>
              Clear the filters
            </Button>
          }
        >
          {`None of the ${all.length} triggers fits these filters.`}
        </Empty>
      );
    return (
      <>
        <Attention triggers={shown.filter((each) => ["failing", "paused"].includes(statusOf(each)))} />
        <DataTable
          label="Triggers"
          rows={shown}
          columns={columns}
          keyOf={(each) => each.name}
          linkOf={(each) => ({ to: "/triggers/$name", params: { name: each.name } })}
          selected={selected}
          onSelect={setSelected}
        />
      </>
    );
  };

  return (
    <Page
      title="Triggers"
      beside={
        triggers.data && <span className={css.total}>{shown.length === all.length ? all.length : `${shown.length} of ${all.length}`}</span>
      }
      below={all.length > 0 && (marked.length > 0 ? <BulkBar triggers={marked} clear={() => setSelected(new Set())} /> : filters)}
      wide
    >
      {body()}
    </Page>
  );
}
