import { parseDocument } from "yaml";

/** The text of a dashboard as that of a new one: without its id, with another title; comments and order stay. */
export function copyOf(source: string): string {
  const document = parseDocument(source);
  if (document.errors.length > 0 || !document.has("title")) return source;
  document.delete("id");
  document.set("title", `${String(document.get("title"))} (copy)`);
  return document.toString({ lineWidth: 0 });
}
