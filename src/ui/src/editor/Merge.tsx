/** The lazy part of Stale: theirs on the left, mine on the right to be edited, arrows that take theirs piece by piece. */
import { MergeView } from "@codemirror/merge";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { reading, writing } from "@/editor/base";
import css from "@/editor/Diff.module.css";

interface MergeProps {
  theirs: string;
  mine: string;
  onChange: (merged: string) => void;
}

/** See Stale. */
export function Merge({ theirs, mine, onChange }: MergeProps) {
  const host = useRef<HTMLDivElement>(null);
  const hear = useRef(onChange);
  useEffect(() => {
    hear.current = onChange;
  });
  useEffect(() => {
    if (!host.current) return;
    const view = new MergeView({
      parent: host.current,
      a: { doc: theirs, extensions: [reading("yaml"), EditorView.contentAttributes.of({ "aria-label": "Theirs" })] },
      b: {
        doc: mine,
        extensions: [
          writing("yaml"),
          EditorView.contentAttributes.of({ "aria-label": "Mine" }),
          EditorView.updateListener.of((update) => update.docChanged && hear.current(update.state.doc.toString())),
        ],
      },
      revertControls: "a-to-b",
      gutter: true,
    });
    return () => view.destroy();
  }, [theirs, mine]);
  return <div className={css.host} ref={host} />;
}
