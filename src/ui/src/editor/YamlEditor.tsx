import { lazy, Suspense } from "react";
import css from "@/editor/Editor.module.css";
import type { YamlEditorProps } from "@/editor/Yaml";

export type { Problem } from "@/editor/problems";
export type { Cursor, YamlEditorProps, YamlHandle } from "@/editor/Yaml";

const Yaml = lazy(() => import("@/editor/Yaml").then(({ Yaml }) => ({ default: Yaml })));

/**
 * The editor of a flow's YAML: completion and docs from its schema, problems at their lines, Ctrl-S saves. It fills the height that it
 * is given. `handle` goes to a line; `onCursor` tells path, type and task under the cursor.
 */
export function YamlEditor(props: YamlEditorProps) {
  return (
    <Suspense fallback={<pre className={css.waiting}>{props.value.slice(0, 20_000)}</pre>}>
      <Yaml {...props} />
    </Suspense>
  );
}
