/** Where a link of a text that somebody wrote may lead: to pages of the app, to http(s) elsewhere, to a place of the text; nowhere else. */

export type TextLink = { kind: "app"; href: string } | { kind: "outside"; href: string } | { kind: "place"; href: string };

/** The link, or null where it is refused: `javascript:`, `data:`, other schemes, paths of this server that are no page. */
export function linkOf(given: string | null | undefined, origin: string = location.origin): TextLink | null {
  const text = (given ?? "").trim();
  if (!text) return null;
  if (/^#[\w-]+$/.test(text)) return { kind: "place", href: text };
  // A bare word would be resolved against the page it stands on: it means nothing here.
  if (!/^(https?:)?[/\\]{2}|^\/ui(\/|$)/i.test(text)) return null;
  let url: URL;
  try {
    url = new URL(text, origin);
  } catch {
    return null;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  if (url.origin !== origin) return { kind: "outside", href: url.href };
  return /^\/ui(\/|$)/.test(url.pathname) ? { kind: "app", href: `${url.pathname}${url.search}${url.hash}` } : null;
}
