/** The revisions of a flow as a list: their order, which two are compared, who saved them. */
import type { FlowWithSource } from "@/api/types";

/** A save, as the audit log has it. */
export interface Save {
  who: string;
  after: unknown;
}

export interface Revision {
  number: number;
  at: string;
  source: string;
  /** What was changed since the one before, in lines. */
  added: number;
  removed: number;
  /** null: nobody knows; a file was changed on the server. */
  who: string | null;
  /** It cannot be read any more. */
  broken: string | null;
}

/** The newest first. saves: of the audit log, where the caller may read it. */
export function revisionsOf(flows: readonly FlowWithSource[], saves: readonly Save[] = []): Revision[] {
  const who = new Map(saves.map((each) => [(each.after as { revision?: number } | null)?.revision, each.who]));
  const sorted = [...flows].sort((a, b) => a.revision - b.revision);
  return sorted
    .map((flow, place) => {
      const source = flow.source ?? "";
      const before = sorted[place - 1]?.source ?? "";
      return {
        number: flow.revision,
        at: flow.updated,
        source,
        ...changed(before, source),
        who: who.get(flow.revision) ?? null,
        broken: flow.exception ?? null,
      };
    })
    .reverse();
}

/** How many lines came and went; a line that moved counts as none. */
export function changed(before: string, after: string): { added: number; removed: number } {
  const counts = new Map<string, number>();
  for (const line of lines(before)) counts.set(line, (counts.get(line) ?? 0) - 1);
  for (const line of lines(after)) counts.set(line, (counts.get(line) ?? 0) + 1);
  let [added, removed] = [0, 0];
  for (const count of counts.values()) {
    if (count > 0) added += count;
    else removed -= count;
  }
  return { added, removed };
}

const lines = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

/** The two that are compared: those that the address names, else the chosen one with the one before it, else the newest two. */
export function compared(
  revisions: readonly Revision[],
  before?: string,
  after?: string,
): { before: Revision | null; after: Revision } | null {
  const find = (text: string | undefined) => revisions.find((each) => String(each.number) === text);
  const newest = revisions[0];
  if (!newest) return null;
  const right = find(after) ?? newest;
  const older = revisions.filter((each) => each.number < right.number);
  return { before: find(before) ?? older[0] ?? null, after: right };
}
