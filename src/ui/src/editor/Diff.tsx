/** The lazy part of DiffView. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { type Language, reading } from "@/editor/base";
import css from "@/editor/Diff.module.css";

export interface DiffViewProps {
  before: string;
  after: string;
  language?: Language;
  /** What each side is: `Revision 3`. */
  beforeLabel?: string;
  afterLabel?: string;
  /** One below the other instead of side by side; on a phone always. */
  unified?: boolean;
}

/** See DiffView. */
export function Diff({ before, after, language = "yaml", beforeLabel = "Before", afterLabel = "After", unified = false }: DiffViewProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = host.current;
    if (!parent) return;
    const collapseUnchanged = { margin: 3, minSize: 6 };
    const named = (label: string) => EditorView.contentAttributes.of({ "aria-label": label });
    if (unified) {
      const view = new EditorView({
        parent,
        state: EditorState.create({
          doc: after,
          extensions: [
            reading(language),
            named(afterLabel),
            unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged, gutter: true }),
          ],
        }),
      });
      return () => view.destroy();
    }
    const view = new MergeView({
      parent,
      a: { doc: before, extensions: [reading(language), named(beforeLabel)] },
      b: { doc: after, extensions: [reading(language), named(afterLabel)] },
      collapseUnchanged,
      gutter: true,
    });
    return () => view.destroy();
  }, [before, after, language, beforeLabel, afterLabel, unified]);

  return (
    <div className={css.diff}>
      <div className={css.labels} data-unified={unified || undefined}>
        <span>{beforeLabel}</span>
        <span>{afterLabel}</span>
      </div>
      {before === after ? <p className={css.same}>Both are the same.</p> : <div className={css.host} ref={host} />}
    </div>
  );
}
