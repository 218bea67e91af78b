/** Mount CodeMirror in an element and keep its text in step with React's, without a cycle per key. */
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type RefObject, useEffect, useRef } from "react";

interface Mounted {
  host: RefObject<HTMLDivElement | null>;
  view: RefObject<EditorView | null>;
}

/**
 * value: put into the editor when it is not what the editor last told. onChange: hears each change of the user at once.
 * fixed: extensions for good; changing: replaced when they are another object (keep them stable by useMemo).
 */
export function useCodeMirror(value: string, fixed: () => Extension, changing: Extension, onChange?: (value: string) => void): Mounted {
  const host = useRef<HTMLDivElement | null>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef(value);
  const hear = useRef(onChange);
  const slot = useRef(new Compartment());
  const first = useRef({ value, fixed, changing });
  useEffect(() => {
    hear.current = onChange;
  });

  useEffect(() => {
    if (!host.current) return;
    const { value: text, fixed: made, changing: now } = first.current;
    const heard = EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      const after = update.state.doc.toString();
      if (after === told.current) return;
      told.current = after;
      hear.current?.(after);
    });
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({ doc: text, extensions: [slot.current.of(now), made(), heard] }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: slot.current.reconfigure(changing) });
  }, [changing]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || value === told.current) return;
    told.current = value;
    const change = smallest(editor.state.doc.toString(), value);
    if (change) editor.dispatch({ changes: change });
  }, [value]);

  return { host, view };
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
