import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconLock, IconMoodHappy } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { rawJson } from "@/api/client";
import { useMe } from "@/app/useMe";
import { DeadDetail } from "@/pages/events/DeadDetail";
import { DEAD_KEY, type DeadEvent, type Replayed, replaysText, useReplay } from "@/pages/events/dead";
import css from "@/pages/events/Events.module.css";
import { type Column, DataTable } from "@/parts/DataTable";
import { Said } from "@/parts/Said";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";
import { useFresh } from "@/parts/useFresh";
import { BREAK } from "@/theme";

const SIZE = 100;

const COLUMNS: Column<DeadEvent>[] = [
  {
    id: "trigger",
    title: "Trigger",
    width: "minmax(9rem, 1fr)",
    cell: (dead) => <span title={dead.trigger ?? dead.subscription}>{dead.trigger ?? dead.subscription}</span>,
  },
  {
    id: "reason",
    title: "Reason",
    width: "minmax(9rem, 2.5fr)",
    cell: (dead) => (
      <span title={dead.reason}>
        <Said text={dead.reason} />
      </span>
    ),
  },
  { id: "at", title: "Died", width: "6rem", right: true, wide: true, cell: (dead) => <TimeAgo at={dead.at} /> },
  { id: "replayed", title: "Replayed", width: "6rem", right: true, wide: true, cell: (dead) => <TimeAgo at={dead.replayedAt} /> },
];

/** Events that could not start what they should have: why, what they hold, and once more. */
export function DeadTab() {
  const { dead: open } = useSearch({ from: "/events" });
  const me = useMe();
  const may = me?.namespaces.run === null;
  const mayRead = me?.namespaces.read === null;
  const narrow = useMediaQuery(`(max-width: ${BREAK.narrow}px)`) ?? false;
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [given, setGiven] = useState<ReadonlyMap<string, Replayed>>(new Map());
  const found = useInfiniteQuery({
    queryKey: DEAD_KEY,
    queryFn: ({ pageParam }) =>
      rawJson<{ results: DeadEvent[] }>("/events/dead/list", { query: { size: SIZE, before: pageParam ?? undefined } }),
    enabled: mayRead,
    initialPageParam: null as string | null,
    getNextPageParam: ({ results }) => (results.length < SIZE ? undefined : results.at(-1)?.id),
    refetchInterval: 5_000,
  });
  useFresh(DEAD_KEY);
  const rows = useMemo(() => found.data?.pages.flatMap((page) => page.results) ?? [], [found.data]);
  const replay = useReplay((id, result) => setGiven((before) => new Map(before).set(id, result)));
  const chosen = rows.filter((each) => selected.has(each.id)).map((each) => each.id);

  if (!mayRead)
    return (
      <Empty title="You may not see dead events" icon={<IconLock aria-hidden />} command="onbeat users set NAME --grant viewer">
        They hold what came from anywhere, so they are shown to those who may read every namespace.
      </Empty>
    );
  if (found.error && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Loading label="Loading dead events" />;
  if (rows.length === 0)
    return (
      <Empty title="No dead events" icon={<IconMoodHappy aria-hidden />} command="onbeat events dead list">
        An event that a trigger takes and cannot start by is kept here, whole, until you replay it. There is none.
      </Empty>
    );
  return (
    <div className={css.tail}>
      <div className={css.bar} role="toolbar" aria-label="Selected dead events">
        <span className={css.count}>
          {chosen.length > 0 ? `${chosen.length} selected` : "Newest first. Mend what was wrong, then replay."}
        </span>
        {may && chosen.length > 0 && (
          <Button loading={replay.isPending} onClick={() => replay.mutate(chosen, { onSuccess: () => setSelected(new Set()) })}>
            {chosen.length === 1 ? "Replay it" : `Replay ${chosen.length}`}
          </Button>
        )}
        {given.size > 0 && <span className={css.count}>{replaysText([...given.values()])}</span>}
      </div>
      <div className={css.panes} data-open={(open !== undefined && !narrow) || undefined}>
        {open !== undefined && narrow ? null : (
          <DataTable
            label="Dead events"
            rows={rows}
            columns={COLUMNS}
            keyOf={(each) => each.id}
            linkOf={(each) => ({ to: "/events", search: { tab: "dead", dead: each.id } })}
            selected={may ? selected : undefined}
            onSelect={setSelected}
            end={
              found.hasNextPage && (
                <Button variant="subtle" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>
                  Older
                </Button>
              )
            }
          />
        )}
        {open !== undefined && (
          <aside className={css.detail}>
            <DeadDetail
              key={open}
              id={open}
              may={may}
              result={given.get(open)}
              busy={replay.isPending}
              replay={() => replay.mutate([open])}
            />
          </aside>
        )}
      </div>
    </div>
  );
}
