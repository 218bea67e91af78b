/** Colour YAML and JSON lightly, with the parsers that the editor has; anything else stays as it is. */
import { highlightTree, tagHighlighter, tags } from "@lezer/highlight";

/** A stretch of a text; kind: what it is, for its colour. */
export interface Span {
  text: string;
  kind: string | null;
}

const KINDS = tagHighlighter([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], class: "key" },
  { tag: [tags.string, tags.content], class: "string" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], class: "number" },
  { tag: tags.comment, class: "comment" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], class: "mark" },
]);

const MOST = 50_000;

async function parserOf(language: string) {
  if (language === "json") return (await import("@codemirror/lang-json")).jsonLanguage.parser;
  if (language === "yaml" || language === "yml") return (await import("@codemirror/lang-yaml")).yamlLanguage.parser;
  return null;
}

/** The text in stretches; null where there is nothing to colour. */
export async function highlight(text: string, language: string): Promise<Span[] | null> {
  if (text.length > MOST) return null;
  const parser = await parserOf(language.toLowerCase());
  if (!parser) return null;
  const found: Span[] = [];
  let at = 0;
  const plain = (until: number) => {
    if (until > at) found.push({ text: text.slice(at, until), kind: null });
    at = until;
  };
  highlightTree(parser.parse(text), KINDS, (from, to, kind) => {
    plain(from);
    found.push({ text: text.slice(from, to), kind });
    at = to;
  });
  plain(text.length);
  return found;
}
