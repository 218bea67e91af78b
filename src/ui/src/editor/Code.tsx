/** The parts of the lazy chunk that show and edit plain code; reached through CodeView and CodeEditor. */
import { linter, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorView, placeholder as ghost, keymap } from "@codemirror/view";
import { useEffect, useMemo, useRef } from "react";
import { type Language, reading, wrapped, writing } from "@/editor/base";
import css from "@/editor/Editor.module.css";
import { diagnostics, type Problem } from "@/editor/problems";
import { useCodeMirror } from "@/editor/useCodeMirror";

export interface CodeViewProps {
  text: string;
  language?: Language;
  /** Said to those who cannot see it. */
  label?: string;
  /** Fills the height of what is around it. */
  fill?: boolean;
  /** Marked, and scrolled to: from 1. */
  line?: number;
}

/** See CodeView. */
export function View({ text, language = "text", label = "Code", fill = false, line }: CodeViewProps) {
  const { host, view } = useCodeMirror(text, () => [reading(language), EditorView.contentAttributes.of({ "aria-label": label })], []);
  useEffect(() => {
    const editor = view.current;
    if (!editor || line === undefined || line < 1 || line > editor.state.doc.lines) return;
    const at = editor.state.doc.line(line);
    editor.dispatch({ selection: { anchor: at.from, head: at.to }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
  }, [line, view]);
  return (
    <div className={css.frame} data-bordered={!fill || undefined} data-fill={fill || undefined}>
      <div className={css.host} ref={host} />
    </div>
  );
}

export interface CodeEditorProps {
  value: string;
  onChange: (value: string) => void;
  language?: Language;
  label: string;
  /** Ctrl-S. */
  onSave?: () => void;
  /** Ctrl-Enter. */
  onSubmit?: () => void;
  problems?: readonly Problem[];
  placeholder?: string;
  readOnly?: boolean;
  /** A field of a form: small, lines broken, Tab goes on. */
  field?: boolean;
  wrong?: boolean;
}

/** See CodeEditor. */
export function Editor(props: CodeEditorProps) {
  const { value, onChange, language = "text", label, problems, placeholder, readOnly = false, field = false, wrong = false } = props;
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const flush = useRef<() => void>(() => undefined);
  const called = (what: "onSave" | "onSubmit") => {
    flush.current();
    latest.current[what]?.();
    return latest.current[what] !== undefined;
  };
  const changing = useMemo(
    () => [
      readOnly ? EditorView.editable.of(false) : [],
      placeholder ? ghost(placeholder) : [],
      EditorView.contentAttributes.of({ "aria-label": label, "aria-invalid": String(wrong) }),
    ],
    [readOnly, placeholder, label, wrong],
  );
  const fixed = () => [
    keymap.of([
      { key: "Mod-s", preventDefault: true, run: () => called("onSave") },
      { key: "Mod-Enter", run: () => called("onSubmit") },
    ]),
    field ? wrapped : lintGutter(),
    linter(null),
    writing(language, field),
  ];
  const mounted = useCodeMirror(value, fixed, changing, onChange);
  const { host, view } = mounted;
  flush.current = mounted.flush;
  useEffect(() => {
    const editor = view.current;
    if (editor && problems) editor.dispatch(setDiagnostics(editor.state, diagnostics(editor.state.doc, problems)));
  }, [problems, view]);
  return (
    <div className={css.frame} data-field={field || undefined} data-fill={!field || undefined} data-wrong={wrong || undefined}>
      <div className={css.host} ref={host} />
    </div>
  );
}
