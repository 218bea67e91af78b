/** The lazy part of Stale: theirs on the left, mine on the right to be edited, arrows that take theirs piece by piece. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { reading, writing } from "@/editor/base";
import css from "@/editor/Diff.module.css";

interface MergeProps {
  theirs: string;
  mine: string;
  /** A phone: one below the other. */
  narrow: boolean;
  onChange: (merged: string) => void;
}

/** See Stale. */
export function Merge({ theirs, mine, narrow, onChange }: MergeProps) {
  const host = useRef<HTMLDivElement>(null);
  const hear = useRef(onChange);
  useEffect(() => {
    hear.current = onChange;
  });
  useEffect(() => {
    if (!host.current) return;
    const parent = host.current;
    const own = [
      writing("yaml"),
      EditorView.contentAttributes.of({ "aria-label": "Mine" }),
      EditorView.updateListener.of((update) => update.docChanged && hear.current(update.state.doc.toString())),
    ];
    if (narrow) {
      const view = new EditorView({ parent, doc: mine, extensions: [own, unifiedMergeView({ original: theirs })] });
      return () => view.destroy();
    }
    const view = new MergeView({
      parent,
      a: { doc: theirs, extensions: [reading("yaml"), EditorView.contentAttributes.of({ "aria-label": "Theirs" })] },
      b: { doc: mine, extensions: own },
      revertControls: "a-to-b",
      gutter: true,
    });
    return () => view.destroy();
  }, [theirs, mine, narrow]);
  return <div className={css.host} ref={host} />;
}
