import { useEffect, useState } from "react";
import css from "@/parts/CodeBlock.module.css";
import { CopyButton } from "@/parts/Copy";
import { highlight, type Span } from "@/parts/highlight";

interface CodeBlockProps {
  text: string;
  /** `yaml` and `json` are coloured. */
  language?: string;
  label?: string;
}

/** A piece of text in mono that can be copied; lightly coloured once the parser is there. To edit or read long texts: `editor/CodeView`. */
export function CodeBlock({ text, language = "", label = "Code" }: CodeBlockProps) {
  const [spans, setSpans] = useState<{ of: string; spans: Span[] } | null>(null);
  useEffect(() => {
    let wanted = true;
    void highlight(text, language).then((found) => wanted && found && setSpans({ of: text, spans: found }));
    return () => {
      wanted = false;
    };
  }, [text, language]);
  const shown = spans?.of === text ? spans.spans : null;
  let at = 0;
  return (
    <div className={css.block}>
      <section
        className={css.scroll}
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
        tabIndex={0}
      >
        <pre className={css.pre}>
          <code>
            {shown
              ? shown.map((span) => {
                  const key = at;
                  at += span.text.length;
                  return span.kind ? (
                    <span key={key} data-kind={span.kind}>
                      {span.text}
                    </span>
                  ) : (
                    span.text
                  );
                })
              : text}
          </code>
        </pre>
      </section>
      <span className={css.copy}>
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </span>
    </div>
  );
}
