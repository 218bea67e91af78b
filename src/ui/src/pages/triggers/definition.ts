/** Find a trigger's own lines in the text of its flow. */
import { isMap, isSeq, parseDocument, stringify } from "yaml";

interface Definition {
  text: string;
  /** It stands in the flow; otherwise the text is made from its settings. */
  inFlow: boolean;
}

/** The lines of the trigger as they were written, comments with them. */
export function definitionOf(source: string, id: string, settings: unknown): Definition {
  const document = parseDocument(source);
  const triggers = document.get("triggers");
  if (isSeq(triggers)) {
    for (const item of triggers.items) {
      if (isMap(item) && item.get("id") === id && item.range) {
        const [start, end] = item.range;
        return { text: outdented(source, start, end), inFlow: true };
      }
    }
  }
  return { text: stringify(withoutEmpty(settings)), inFlow: false };
}

/** A part of the text, moved to the left by as much as its first line is in. */
function outdented(source: string, start: number, end: number): string {
  const begin = source.lastIndexOf("\n", start - 1) + 1;
  const indent = start - begin;
  const lines = source.slice(start, end).trimEnd().split("\n");
  return `${[lines[0], ...lines.slice(1).map((line) => (line.slice(0, indent).trim() === "" ? line.slice(indent) : line))].join("\n")}\n`;
}

function withoutEmpty(settings: unknown): unknown {
  if (typeof settings !== "object" || settings === null) return settings;
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => value !== null && !(name === "disabled" && value === false)),
  );
}
