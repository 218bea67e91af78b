/** The lazy part of YamlEditor. */
import { linter, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useMemo, useRef } from "react";
import { writing } from "@/editor/base";
import { completions, linesIn } from "@/editor/completion";
import css from "@/editor/Editor.module.css";
import { docs } from "@/editor/hover";
import { flowSchemas, words } from "@/editor/knowledge";
import { placeAt, type Segment, taskAround, typeAround } from "@/editor/path";
import { diagnostics, type Problem } from "@/editor/problems";
import { useCodeMirror } from "@/editor/useCodeMirror";

/** What is around the cursor. */
export interface Cursor {
  /** From 1. */
  line: number;
  path: readonly Segment[];
  /** The type of the innermost task, trigger or input that it is in, and that one's path. */
  type: string | null;
  typePath: readonly Segment[];
  /** The id of the innermost task or trigger that it is in. */
  task: string | null;
}

/** What can be asked of an editor from outside. */
export interface YamlHandle {
  /** Go to a line, from 1. */
  goTo: (line: number, column?: number) => void;
  focus: () => void;
}

export interface YamlEditorProps {
  value: string;
  onChange: (value: string) => void;
  onSave?: () => void;
  problems?: readonly Problem[];
  /** Told a moment after the cursor rests. */
  onCursor?: (cursor: Cursor) => void;
  readOnly?: boolean;
  label?: string;
  handle?: Ref<YamlHandle>;
  /** The line where the cursor stands first, from 1. */
  begin?: number;
  /** The text is a flow: completion and docs by its schema (default). */
  flow?: boolean;
}

const REST = 120;

/** See YamlEditor. */
export function Yaml(props: YamlEditorProps) {
  const { value, onChange, problems, readOnly = false, label = "Text of the flow", handle, begin, flow = true } = props;
  const latest = useRef(props);
  const flush = useRef<() => void>(() => undefined);
  useEffect(() => {
    latest.current = props;
  });
  const changing = useMemo(
    () => [
      EditorState.readOnly.of(readOnly),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
      flow ? [EditorState.languageData.of(() => [{ autocomplete: completions }]), docs] : [],
    ],
    [readOnly, label, flow],
  );
  const fixed = () => [
    keymap.of([
      {
        key: "Mod-s",
        preventDefault: true,
        run: () => {
          flush.current();
          latest.current.onSave?.();
          return true;
        },
      },
    ]),
    lintGutter(),
    linter(null),
    cursorTold((cursor) => latest.current.onCursor?.(cursor)),
    writing("yaml"),
  ];
  const mounted = useCodeMirror(value, fixed, changing, onChange);
  const { host, view } = mounted;
  flush.current = mounted.flush;

  useEffect(() => {
    if (!flow || readOnly) return;
    void flowSchemas().catch(() => null);
    void words().catch(() => null);
  }, [flow, readOnly]);
  useEffect(() => {
    const editor = view.current;
    if (editor && problems) editor.dispatch(setDiagnostics(editor.state, diagnostics(editor.state.doc, problems)));
  }, [problems, view]);
  useEffect(() => {
    if (view.current && begin) goTo(view.current, begin);
  }, [begin, view]);
  useImperativeHandle(handle, () => ({
    goTo: (line, column) => view.current && goTo(view.current, line, column),
    focus: () => view.current?.focus(),
  }));

  return (
    <div className={css.frame} data-fill>
      <div className={css.host} ref={host} />
    </div>
  );
}

function goTo(editor: EditorView, line: number, column = 1) {
  const at = editor.state.doc.line(Math.min(Math.max(line, 1), editor.state.doc.lines));
  const anchor = Math.min(at.from + column - 1, at.to);
  editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
  editor.focus();
}

/** Tell where the cursor is, a moment after it rests: never on a keystroke's own time. */
function cursorTold(tell: (cursor: Cursor) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return EditorView.updateListener.of((update) => {
    if (!update.selectionSet && !update.docChanged) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { state } = update.view;
      const line = state.doc.lineAt(state.selection.main.head);
      const column = state.selection.main.head - line.from;
      const lines = linesIn(state.doc);
      const place = placeAt(lines, line.number - 1, column);
      const around = typeAround(place);
      tell({
        line: line.number,
        path: place.path,
        type: around?.type ?? null,
        typePath: around?.path ?? [],
        task: taskAround(lines, line.number - 1, column),
      });
    }, REST);
  });
}
