import { lazy, Suspense } from "react";
import css from "@/parts/Markdown.module.css";

const MarkdownText = lazy(() => import("@/parts/MarkdownText"));
const MOST = 100_000;

/**
 * A text in markdown that anybody may have written: no HTML of its own, no pictures from elsewhere, links to http(s) and to pages of the
 * app only. What makes it comes when it is needed; until then the text stands there as it was written.
 */
export function Markdown({ text }: { text: string }) {
  const shown = text.length > MOST ? `${text.slice(0, MOST)}\n\n…` : text;
  return (
    <Suspense fallback={<div className={css.plain}>{shown}</div>}>
      <MarkdownText text={shown} />
    </Suspense>
  );
}
