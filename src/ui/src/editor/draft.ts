/** What was written and not saved yet: kept in this tab, so that no reload and no other page loses it. */
import type { Edited } from "@/editor/save";

export interface Draft {
  text: string;
  /** The revision that was edited; 0: a new flow. */
  revision: number;
}

const keyOf = (flow: Pick<Edited, "namespace" | "id"> | null) => `onbeat:draft:${flow ? `${flow.namespace}/${flow.id}` : "new"}`;

/** The draft of a flow; null where there is none, or storage is switched off. */
export function draftOf(flow: Pick<Edited, "namespace" | "id"> | null, storage: () => Storage = () => sessionStorage): Draft | null {
  try {
    const found: unknown = JSON.parse(storage().getItem(keyOf(flow)) ?? "null");
    const { text, revision } = (found ?? {}) as Partial<Draft>;
    return typeof text === "string" && typeof revision === "number" ? { text, revision } : null;
  } catch {
    return null;
  }
}

/** Keep a draft, or with null let it go. */
export function keepDraft(
  flow: Pick<Edited, "namespace" | "id"> | null,
  draft: Draft | null,
  storage: () => Storage = () => sessionStorage,
): void {
  try {
    if (draft) storage().setItem(keyOf(flow), JSON.stringify(draft));
    else storage().removeItem(keyOf(flow));
  } catch {
    // Storage is full or switched off: the page itself still asks before it is left.
  }
}
