import { lazy, Suspense } from "react";
import type { CodeViewProps } from "@/editor/Code";
import css from "@/editor/Editor.module.css";

const View = lazy(() => import("@/editor/Code").then(({ View }) => ({ default: View })));

/** Code to read: coloured, folded, searchable (Ctrl-F); `language` "yaml", "json" or "text". The text is there before the editor is. */
export function CodeView(props: CodeViewProps) {
  return (
    <Suspense fallback={<pre className={css.waiting}>{props.text.slice(0, 20_000)}</pre>}>
      <View key={props.language} {...props} />
    </Suspense>
  );
}
