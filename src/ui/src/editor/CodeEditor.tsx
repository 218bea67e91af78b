import { lazy, Suspense } from "react";
import type { CodeEditorProps } from "@/editor/Code";
import css from "@/editor/Editor.module.css";

const Editor = lazy(() => import("@/editor/Code").then(({ Editor }) => ({ default: Editor })));

/** An editor for a file, or with `field` for a value in a form. YamlEditor is the one for flows. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<pre className={css.waiting}>{props.value.slice(0, 20_000) || " "}</pre>}>
      <Editor key={props.language} {...props} />
    </Suspense>
  );
}
