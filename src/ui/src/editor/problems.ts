/** What is wrong with a text, with its place in it: from the server's sentences to marks in the editor. */
import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";

/** line and column from 1. */
export interface Problem {
  line: number;
  column?: number;
  message: string;
  severity: "error" | "warning" | "info";
}

/** The sentences of a validation: `4:5: unknown key …`, one a line; a line without a place belongs to the one before it. */
export function problemsOf(sentences: string | null | undefined, severity: Problem["severity"] = "error"): Problem[] {
  const found: Problem[] = [];
  for (const line of (sentences ?? "").split("\n")) {
    const place = /^(\d+):(?:(\d+):)?\s*(.*)$/.exec(line);
    const last = found.at(-1);
    if (place) found.push({ line: Number(place[1]), column: Number(place[2] ?? 1), message: place[3] ?? "", severity });
    else if (last && line.trim()) last.message += `\n${line.trim()}`;
    else if (line.trim()) found.push({ line: 1, column: 1, message: line.trim(), severity });
  }
  return found;
}

/** Problems as marks: each from its place to the end of the word or value there. */
export function diagnostics(text: Text, problems: readonly Problem[]): Diagnostic[] {
  return problems
    .map((problem) => {
      const line = text.line(Math.min(Math.max(problem.line, 1), text.lines));
      const from = Math.min(line.from + Math.max((problem.column ?? 1) - 1, 0), line.to);
      const word = /^(?:[\w.-]+|\S+)/.exec(line.text.slice(from - line.from));
      return { from, to: Math.min(from + (word?.[0].length ?? 0), line.to), severity: problem.severity, message: problem.message };
    })
    .sort((one, other) => one.from - other.from);
}
