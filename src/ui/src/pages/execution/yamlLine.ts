/** Where a task stands in the text of its flow. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";

export interface Place {
  /** From 1. */
  line: number;
  /** The task's last line, from 1. */
  last: number;
}

/** Keys under which no task stands, though what is in them has an `id`. */
const NO_TASKS = new Set(["inputs", "onResume", "triggers", "outputs", "labels", "variables", "checks"]);
const AROUND = 2;
const MOST = 14;

/** The lines of the task with this id; null where it is not there (any more), or the text is no YAML. */
export function placeOfTask(source: string, task: string): Place | null {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, logLevel: "silent" });
  if (!isMap(document.contents)) return null;
  const found = search(document.contents, task, true);
  if (!found?.range) return null;
  const [from, to] = found.range;
  const end = source.slice(from, to).trimEnd().length;
  return { line: lines.linePos(from).line, last: lines.linePos(from + Math.max(0, end - 1)).line };
}

function search(node: Node | null, task: string, root = false): YAMLMap | null {
  if (isSeq(node)) {
    for (const item of node.items) {
      const found = search(item as Node | null, task);
      if (found) return found;
    }
  }
  if (!isMap(node)) return null;
  if (!root && node.get("id") === task && node.has("type")) return node;
  for (const { key, value } of node.items) {
    if (isScalar(key) && NO_TASKS.has(String(key.value))) continue;
    const found = search(value as Node | null, task);
    if (found) return found;
  }
  return null;
}

export interface SourceLine {
  number: number;
  text: string;
  /** It is the task's. */
  own: boolean;
}

/** The lines of a task, and a few around them. */
export function linesAround(source: string, { line, last }: Place): SourceLine[] {
  const all = source.split("\n");
  const from = Math.max(1, line - AROUND);
  const to = Math.min(all.length, Math.min(last, line + MOST - 1) + AROUND);
  return all.slice(from - 1, to).map((text, index) => {
    const number = from + index;
    return { number, text, own: number >= line && number <= last };
  });
}
