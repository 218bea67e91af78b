/** Take a sentence of the server apart: names in backticks, instants, and the words between them. */
export interface Part {
  kind: "words" | "code" | "instant";
  text: string;
  /** Where it begins in the sentence. */
  at: number;
}

const SPECIAL = /`([^`]+)`|\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/g;

export function partsOf(sentence: string): Part[] {
  const parts: Part[] = [];
  let last = 0;
  for (const found of sentence.matchAll(SPECIAL)) {
    if (found.index > last) parts.push({ kind: "words", text: sentence.slice(last, found.index), at: last });
    const [whole, code, instant] = found;
    parts.push(
      code !== undefined ? { kind: "code", text: code, at: found.index } : { kind: "instant", text: instant ?? whole, at: found.index },
    );
    last = found.index + whole.length;
  }
  if (last < sentence.length) parts.push({ kind: "words", text: sentence.slice(last), at: last });
  return parts;
}
