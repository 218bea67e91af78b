/** Say where a text stops being JSON: engines differ in what their messages say of it. */

export interface JsonProblem {
  /** From 1. */
  line: number;
  column: number;
  message: string;
  severity: "error";
}

/** What is wrong with a text as JSON; null when nothing is. */
export function jsonProblem(text: string): JsonProblem | null {
  const message = complaint(text);
  if (message === null) return null;
  const before = text.slice(0, stopsAt(text)).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1, message: plain(text, message), severity: "error" };
}

function complaint(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (wrong) {
    return wrong instanceof Error ? wrong.message : String(wrong);
  }
}

/** The length of the longest beginning that could still become JSON. */
function stopsAt(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function mayGoOn(text: string): boolean {
  const message = complaint(text);
  if (message === null || /end of (the )?(JSON|data|input)|Unterminated|unterminated/.test(message)) return true;
  const at = /position (\d+)/.exec(message)?.[1];
  return at !== undefined && Number(at) >= text.length;
}

function plain(text: string, message: string): string {
  if (text.trim() === "") return "Write JSON here: an object such as {}.";
  if (mayGoOn(text)) return "The JSON is not complete: a quote or bracket is open.";
  const token = text.slice(stopsAt(text)).trim().charAt(0);
  if (token === "'") return "JSON has double quotes: \" instead of '.";
  const said = message
    .replace(/^JSON\.parse: /, "")
    .replace(/ in JSON at position.*$/s, "")
    .replace(/, ("|\.\.\.)[\s\S]*$/, "");
  return `${said}.`;
}
