/** What was found in the texts of flows, as it is shown. */

export interface Match {
  line: number;
  column: number;
  snippet: string;
}

export interface Marked {
  line: number;
  before: string;
  hit: string;
  after: string;
}

/** Where a snippet of a long line begins: the server cuts a hundred characters before the hit. */
const BEFORE = 100;

/** A line that was found, with what was looked for marked; its indentation is left out. */
export function markedOf({ line, column, snippet }: Match, q: string): Marked {
  const at = Math.min(column - 1, BEFORE);
  const indented = snippet.length - snippet.trimStart().length;
  const from = Math.min(indented, at);
  return { line, before: snippet.slice(from, at), hit: snippet.slice(at, at + q.length), after: snippet.slice(at + q.length) };
}
