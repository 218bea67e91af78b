import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { FlowWithSource } from "@/api/types";
import { draftOf, keepDraft } from "@/editor/draft";
import { type Edited, newest, saveFlow } from "@/editor/save";
import { notify } from "@/parts/notify";

const SETTLE = 400;

/** A flow's text while it is edited: what it is based on, its draft, saving it, and what stands in the way of that. */
export function useEdited(initial: Edited | null, template: string, onSaved: (flow: FlowWithSource) => void) {
  const [base, setBase] = useState(initial);
  const [found] = useState(() => draftOf(initial));
  const [text, setText] = useState(found?.text ?? initial?.source ?? template);
  const [restored, setRestored] = useState(found !== null && found.text !== (initial?.source ?? template));
  const [busy, setBusy] = useState(false);
  const [stale, setStale] = useState<Edited | null>(null);
  const [newer, setNewer] = useState<Edited | null>(found && initial && found.revision !== initial.revision ? initial : null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [readonly, setReadonly] = useState<{ why: string } | null>(null);
  const queries = useQueryClient();
  const before = base?.source ?? template;
  const dirty = text !== before;
  const written = useRef(text);
  written.current = text;

  // The draft names the revision that it was written over, so that a save says so after a reload, too.
  const [over, setOver] = useState(found?.revision ?? initial?.revision ?? 0);
  useEffect(() => {
    const wait = setTimeout(() => keepDraft(initial, dirty ? { text, revision: over } : null), SETTLE);
    return () => clearTimeout(wait);
  }, [initial, text, dirty, over]);

  const take = useCallback((flow: Edited | null, next: string) => {
    setBase(flow);
    setOver(flow?.revision ?? 0);
    setText(next);
    setStale(null);
    setNewer(null);
    setWrong(null);
    setReadonly(null);
    setRestored(false);
  }, []);

  // A newer revision came in while the page was open: taken where nothing was written, else said.
  const known = base?.revision ?? 0;
  useEffect(() => {
    if (!initial || initial.revision <= known) return;
    if (written.current === before) take(initial, initial.source);
    else setNewer(initial);
  }, [initial, known, before, take]);

  const send = async (what: string, revision: number) => {
    setBusy(true);
    setWrong(null);
    setReadonly(null);
    try {
      const saved = await saveFlow(base ? { ...base, revision } : null, what);
      if (saved.kind === "stale") setStale(saved.newest);
      else if (saved.kind === "readonly") setReadonly(saved);
      else if (saved.kind === "wrong") setWrong(saved.problem.detail || saved.problem.title);
      else {
        const { flow } = saved;
        keepDraft(initial, null);
        const base = { namespace: flow.namespace, id: flow.id, revision: flow.revision, source: flow.source ?? what };
        // At once: onSaved may leave the page, which asks whether something is not saved.
        flushSync(() => take(base, written.current === text ? what : written.current));
        notify.done(`Saved as revision ${flow.revision}.`);
        void queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith("flow") });
        onSaved(flow);
      }
    } catch (thrown) {
      notify.problem(thrown);
    } finally {
      setBusy(false);
    }
  };

  return {
    base,
    text,
    setText,
    dirty,
    busy,
    restored: restored && dirty,
    wrong,
    readonly,
    newer: dirty ? newer : null,
    stale,
    save: async () => {
      if (!busy && (dirty || base === null)) await send(text, over);
    },
    saveOver: async (merged: string) => {
      if (stale) await send(merged, stale.revision);
    },
    take: () => stale && take(stale, stale.source),
    closeStale: () => setStale(null),
    compare: () => {
      if (base) newest(base).then(setStale, notify.problem);
    },
    discard: () => take(base, before),
  };
}
