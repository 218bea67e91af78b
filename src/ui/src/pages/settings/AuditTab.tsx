import { Button, Drawer, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { DiffView } from "@/editor/DiffView";
import { countText, type Difference, differences, isLong, rowText } from "@/pages/settings/audit";
import css from "@/pages/settings/Settings.module.css";
import { type Column, DataTable } from "@/parts/DataTable";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

type Row = components["schemas"]["AuditLine"];

/** Who did what: the newest first, older ones when they are asked for. */
export default function AuditTab() {
  const { who, what, row: open } = useSearch({ from: "/settings" });
  const navigate = useNavigate({ from: "/settings" });
  const found = useInfiniteQuery({
    queryKey: ["audit", who ?? "", what ?? ""],
    queryFn: ({ pageParam }) => api.get("/audit", { params: { query: { who, what, size: 100, before: pageParam ?? undefined } } }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 15_000),
  });
  const rows = useMemo(() => (found.data?.pages ?? []).flatMap((page) => page.results), [found.data]);
  const columns: Column<Row>[] = [
    { id: "at", title: "When", width: "5.5rem", cell: (row) => <TimeAgo at={row.at} /> },
    { id: "who", title: "Who", width: "minmax(3.5rem, 1fr)", cell: (row) => <span title={row.who}>{row.who}</span> },
    {
      id: "did",
      title: "Did",
      width: "minmax(6rem, 1fr)",
      wide: true,
      cell: (row) => <span title={row.action}>{rowText(row.action, row.what).did}</span>,
    },
    {
      id: "what",
      title: "What",
      width: "minmax(6rem, 3fr)",
      cell: (row) => <code title={row.what}>{rowText(row.action, row.what).on}</code>,
    },
    {
      id: "changed",
      title: "Changed",
      width: "minmax(6rem, 2fr)",
      wide: true,
      cell: (row) => {
        const text = countText(row.before, row.after);
        return (
          <span className={css.dim} title={text}>
            {text}
          </span>
        );
      },
    },
  ];
  const ask = (next: { who?: string; what?: string }) => void navigate({ search: { tab: "audit", who, what, ...next }, replace: true });
  return (
    <div className={css.pane}>
      <div className={css.bar}>
        <Asked label="Who" value={who} placeholder="Who: ada" onAsk={(text) => ask({ who: text })} search />
        <Asked label="What" value={what} placeholder="What: user:bob" onAsk={(text) => ask({ what: text })} />
        <span className={css.note}>Exactly as rows have it; Enter searches.</span>
        {(who || what) && (
          <Button variant="subtle" onClick={() => ask({ who: undefined, what: undefined })}>
            Clear
          </Button>
        )}
      </div>
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading />
      ) : rows.length === 0 ? (
        who || what ? (
          <Empty
            title="No row is of that"
            action={
              <Button variant="default" onClick={() => ask({ who: undefined, what: undefined })}>
                Clear the filters
              </Button>
            }
          >
            Who and what are found exactly: ada, user:bob, flow:shop.order.
          </Empty>
        ) : (
          <Empty title="Nothing was changed yet">Each change by the API is a row here: who, what, how it was and how it is.</Empty>
        )
      ) : (
        <DataTable
          label="Audit log"
          rows={rows}
          columns={columns}
          keyOf={(row) => String(row.seq)}
          linkOf={(row) => ({ to: "/settings", search: { tab: "audit", who, what, row: String(row.seq) } })}
          end={
            found.hasNextPage ? (
              <div className={css.end}>
                <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                  Older rows
                </Button>
              </div>
            ) : (
              <p className={css.endText}>This is where the log begins.</p>
            )
          }
        />
      )}
      <RowDrawer
        row={rows.find((row) => String(row.seq) === open)}
        onClose={() => void navigate({ search: { tab: "audit", who, what } })}
        onWho={(text) => ask({ who: text })}
        onWhat={(text) => ask({ what: text })}
      />
    </div>
  );
}

interface AskedProps {
  label: string;
  value: string | undefined;
  placeholder: string;
  onAsk: (text: string | undefined) => void;
  search?: boolean;
}

function Asked({ label, value, placeholder, onAsk, search }: AskedProps) {
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAsk(text.trim() || undefined);
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        aria-label={label}
        placeholder={placeholder}
        data-search={search || undefined}
        leftSection={<IconSearch className={css.icon} />}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          if (!event.target.value) onAsk(undefined);
        }}
      />
    </form>
  );
}

interface RowDrawerProps {
  row: Row | undefined;
  onClose: () => void;
  onWho: (who: string) => void;
  onWhat: (what: string) => void;
}

function RowDrawer({ row, onClose, onWho, onWhat }: RowDrawerProps) {
  return (
    <Drawer
      opened={row !== undefined}
      onClose={onClose}
      position="right"
      size="xl"
      title={row && `${row.who}: ${rowText(row.action, row.what).did}`}
    >
      {row && (
        <>
          <dl className={css.facts}>
            <dt>When</dt>
            <dd>
              <TimeAgo at={row.at} />
            </dd>
            <dt>Who</dt>
            <dd>
              {row.who}{" "}
              <Button variant="subtle" size="compact-xs" onClick={() => onWho(row.who)}>
                all by {row.who}
              </Button>
            </dd>
            <dt>What</dt>
            <dd>
              <code>{row.what}</code>{" "}
              <Button variant="subtle" size="compact-xs" onClick={() => onWhat(row.what)}>
                all on this
              </Button>
            </dd>
            <dt>Row</dt>
            <dd>{row.seq}</dd>
          </dl>
          <Changes before={row.before} after={row.after} />
        </>
      )}
    </Drawer>
  );
}

const KINDS: Record<Difference["kind"], string> = { added: "new", removed: "gone", changed: "changed" };

function Changes({ before, after }: { before: unknown; after: unknown }) {
  const found = differences(before, after);
  if (found.length === 0)
    return <p className={css.dim}>What was changed is not kept for this one: a login, a start, or a value that is hidden.</p>;
  return (
    <ul className={css.changes}>
      {found.map((each) => (
        <li key={each.path} data-kind={each.kind}>
          <div className={css.changeHead}>
            <code>{each.path || "value"}</code>
            <span className={css.dim}>{KINDS[each.kind]}</span>
          </div>
          {isLong(each) ? (
            <div className={css.diff}>
              <DiffView before={each.before} after={each.after} />
            </div>
          ) : (
            <>
              {each.kind !== "added" && (
                <pre className={css.was}>
                  <span className={css.hidden}>before: </span>
                  {each.before}
                </pre>
              )}
              {each.kind !== "removed" && (
                <pre className={css.is}>
                  <span className={css.hidden}>after: </span>
                  {each.after}
                </pre>
              )}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
