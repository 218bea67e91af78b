/**
 * Mount CodeMirror in an element and keep its text in step with React's, off the keystroke: what was typed is told when the hands rest
 * for a moment, as a transition, and at once when the editor is left or saved.
 */
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type RefObject, startTransition, useCallback, useEffect, useRef } from "react";
import { flushSync } from "react-dom";

const REST = 90;

interface Mounted {
  host: RefObject<HTMLDivElement | null>;
  view: RefObject<EditorView | null>;
  /** Tell now what was typed; React has it when this returns. */
  flush: () => void;
}

/**
 * value: put into the editor when it is another one than the editor told. onChange: hears what the user wrote.
 * fixed: extensions for good; changing: replaced when they are another object (keep them stable by useMemo).
 */
export function useCodeMirror(value: string, fixed: () => Extension, changing: Extension, onChange?: (value: string) => void): Mounted {
  const host = useRef<HTMLDivElement | null>(null);
  const view = useRef<EditorView | null>(null);
  /** Texts that were told and that React has not shown yet, the newest last. */
  const underway = useRef<string[]>([]);
  const wait = useRef<ReturnType<typeof setTimeout> | null>(null);
  const hear = useRef(onChange);
  const slot = useRef(new Compartment());
  const first = useRef({ value, fixed, changing });
  useEffect(() => {
    hear.current = onChange;
  });

  const tell = useCallback(() => {
    if (wait.current === null) return;
    clearTimeout(wait.current);
    wait.current = null;
    const after = view.current?.state.doc.toString();
    if (after === undefined) return;
    underway.current.push(after);
    hear.current?.(after);
  }, []);
  const flush = useCallback(() => flushSync(tell), [tell]);

  useEffect(() => {
    if (!host.current) return;
    const { value: text, fixed: made, changing: now } = first.current;
    const heard = EditorView.updateListener.of((update) => {
      if (!update.docChanged || update.transactions.some((each) => each.isUserEvent("outside"))) return;
      if (wait.current !== null) clearTimeout(wait.current);
      wait.current = setTimeout(() => startTransition(tell), REST);
    });
    const left = EditorView.domEventHandlers({ blur: () => void tell() });
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({ doc: text, extensions: [slot.current.of(now), made(), heard, left] }),
    });
    view.current = editor;
    return () => {
      tell();
      view.current = null;
      editor.destroy();
    };
  }, [tell]);

  useEffect(() => {
    view.current?.dispatch({ effects: slot.current.reconfigure(changing) });
  }, [changing]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const own = underway.current.indexOf(value);
    if (own >= 0) {
      underway.current.splice(0, own + 1);
      return;
    }
    if (underway.current.length > 0) return;
    const change = smallest(editor.state.doc.toString(), value);
    if (!change || wait.current !== null) return;
    editor.dispatch({ changes: change, userEvent: "outside" });
  }, [value]);

  return { host, view, flush };
}

/** The one piece in which two texts differ: what was before and after it keeps its folds and the cursor. */
export function smallest(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  let from = 0;
  const shorter = Math.min(before.length, after.length);
  while (from < shorter && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < shorter - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
