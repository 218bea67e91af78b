/** Terminal text as spans: colours and weight of SGR sequences become names that the style sheet maps to tokens; all other escapes go. */

export type AnsiColour = "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "faint";

export interface Span {
  text: string;
  colour?: AnsiColour;
  bold?: boolean;
}

const COLOURS: readonly (AnsiColour | undefined)[] = ["faint", "red", "green", "yellow", "blue", "magenta", "cyan", undefined];
const ESC = "\u001b";
// A control sequence (CSI), an operating system command (OSC, links and titles), or a lone two-character escape.
const SEQUENCE = new RegExp(`${ESC}(?:\\[([0-9;:?]*)([ -/]*[@-~])|\\][^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)?|[@-Z\\\\^_])`, "g");
// What is left of control characters has no picture; tab and newline stay.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The text without escapes and control characters. */
export function plain(text: string): string {
  return (text.includes(ESC) ? text.replace(SEQUENCE, "") : text).replace(CONTROL, "");
}

/** The text in spans of one look each; together they are `plain(text)`. */
export function spans(text: string): Span[] {
  if (!text.includes(ESC)) return [{ text: text.replace(CONTROL, "") }];
  const found: Span[] = [];
  let colour: AnsiColour | undefined;
  let bold = false;
  let at = 0;
  const add = (piece: string) => {
    const shown = piece.replace(CONTROL, "");
    if (shown) found.push({ text: shown, ...(colour ? { colour } : {}), ...(bold ? { bold } : {}) });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] !== "m") continue;
    const codes = (match[1] || "0").split(/[;:]/).map(Number);
    for (let place = 0; place < codes.length; place += 1) {
      const code = codes[place] ?? 0;
      if (code === 0) {
        colour = undefined;
        bold = false;
      } else if (code === 1) bold = true;
      else if (code === 2) colour = "faint";
      else if (code === 22) bold = false;
      else if (code >= 30 && code <= 37) colour = COLOURS[code - 30];
      else if (code >= 90 && code <= 97) colour = COLOURS[code - 90];
      else if (code === 39) colour = undefined;
      else if (code === 38 || code === 48) place += codes[place + 1] === 5 ? 2 : 4; // 256 or true colours: as plain text
    }
  }
  add(text.slice(at));
  return found;
}
