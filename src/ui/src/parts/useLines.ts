/** Follow a few executions, newest last: what an event started, what belongs to one chain. For long lists there is RunsTable. */
import { useEffect, useState } from "react";
import type { ExecutionLine } from "@/api/types";
import { useStream } from "@/live/client";
import type { StreamEvent } from "@/live/protocol";

/** What is known of the followed executions; null: nothing was answered yet. */
export type Lines = readonly ExecutionLine[] | null;

interface Snapshot {
  results: ExecutionLine[];
}
interface Changes {
  changed: ExecutionLine[];
  gone: string[];
}

/** The lines after a frame of `/executions/follow`, oldest first. */
export function heard(lines: Lines, { name, data }: StreamEvent): Lines {
  if (name === "snapshot") return inOrder((data as Snapshot).results);
  if (name !== "changes") return lines;
  const { changed, gone } = data as Changes;
  const known = new Map((lines ?? []).map((line) => [line.id, line]));
  for (const line of changed) known.set(line.id, line);
  for (const id of gone) known.delete(id);
  return inOrder([...known.values()]);
}

const inOrder = (lines: ExecutionLine[]) =>
  lines.sort((a, b) => a.state.startDate.localeCompare(b.state.startDate) || a.id.localeCompare(b.id));

/** The executions that a filter of the API means (`correlationId=…`), live. filter null: none. */
export function useLines(filter: string | null): Lines {
  const [lines, setLines] = useState<Lines>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter begins anew
  useEffect(() => setLines(null), [filter]);
  useStream(filter === null ? null : `/executions/follow?size=50&${filter}`, (event) => setLines((now) => heard(now, event)));
  return lines;
}

/** The filter that means these executions; null when there are none. */
export const withIds = (ids: readonly string[] | undefined): string | null =>
  ids?.length ? `filters[id][IN]=${[...ids].sort().join(",")}` : null;
/** The filter that means all that belong together. */
export const withCorrelation = (id: string | undefined): string | null => (id ? `correlationId=${encodeURIComponent(id)}` : null);
