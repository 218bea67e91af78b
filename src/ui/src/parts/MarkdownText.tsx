/** What `Markdown` shows; in a file of its own, so that the parser is not part of the first load. */
import { useRouter } from "@tanstack/react-router";
import { type ComponentProps, createContext, isValidElement, type MouseEvent, type ReactNode, useContext } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { CodeBlock } from "@/parts/CodeBlock";
import css from "@/parts/Markdown.module.css";
import { linkOf } from "@/parts/markdownLinks";

const InLink = createContext(false);

function TextLink({ href, children }: { href: string | undefined; children?: ReactNode }) {
  const router = useRouter({ warn: false });
  const inside = useContext(InLink);
  const link = linkOf(href);
  if (!link || inside) return <span>{children}</span>;
  const open = (event: MouseEvent) => {
    if (link.kind !== "app" || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(link.href);
  };
  const away = link.kind === "outside" ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return (
    <InLink value={true}>
      <a href={link.href} onClick={open} {...away}>
        {children}
      </a>
    </InLink>
  );
}

/** The text of a code block, and its language as the fence names it. */
function codeOf(children: ReactNode): { text: string; language: string } {
  const code = Array.isArray(children) ? children[0] : children;
  if (!isValidElement<{ className?: string; children?: ReactNode }>(code)) return { text: String(children ?? ""), language: "" };
  const text = [code.props.children].flat().join("");
  return { text: text.replace(/\n$/, ""), language: /language-(\S+)/.exec(code.props.className ?? "")?.[1] ?? "" };
}

/** Headings of a text stand below those of the page. */
const heading = (Tag: "h3" | "h4" | "h5" | "h6") =>
  function Heading({ children }: { children?: ReactNode }) {
    return <Tag>{children}</Tag>;
  };

const COMPONENTS: Components = {
  a: ({ href, children }) => <TextLink href={href}>{children}</TextLink>,
  img: ({ src, alt }) => {
    const shown = `Picture: ${alt || "without a title"}`;
    return <TextLink href={typeof src === "string" ? src : undefined}>{shown}</TextLink>;
  },
  pre: ({ children }) => <CodeBlock {...codeOf(children)} />,
  table: ({ children }) => (
    <section
      className={css.table}
      aria-label="Table"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
      tabIndex={0}
    >
      <table>{children}</table>
    </section>
  ),
  input: ({ checked }: ComponentProps<"input">) => (
    <span role="img" aria-label={checked ? "Done" : "Open"}>
      {checked ? "☑" : "☐"}
    </span>
  ),
  h1: heading("h3"),
  h2: heading("h4"),
  h3: heading("h5"),
  h4: heading("h6"),
  h5: heading("h6"),
};

const PLUGINS = [remarkGfm];
/** Nothing is made of an address here: `linkOf` alone decides. */
const asItIs = (url: string) => url;

export default function MarkdownText({ text }: { text: string }) {
  return (
    <div className={css.text}>
      <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS} urlTransform={asItIs}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
