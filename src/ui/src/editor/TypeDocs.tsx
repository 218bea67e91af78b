import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import css from "@/editor/FlowEditor.module.css";
import { type TypePage, typePage } from "@/editor/knowledge";
import { Markdown } from "@/parts/Markdown";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** What the type under the cursor can do; those of inputs are in capitals. */
export function TypeDocs({ type }: { type: string | null }) {
  const input = type !== null && /^[A-Z]+$/.test(type);
  const page = useQuery<TypePage>({
    queryKey: ["editor", "docs", type],
    enabled: type !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: () => typePage(type ?? "", input),
  });
  if (type === null)
    return (
      <Empty title="Docs of what you write">Put the cursor in a task, a trigger or an input. What its type can do is shown here.</Empty>
    );
  if (page.isError && !page.data) return <Failed error={page.error} />;
  if (!page.data) return <Loading label="Docs" />;
  return (
    <div className={css.docs}>
      <Markdown text={page.data.markdown} />
      {!input && (
        <Link to="/plugins/$type" params={{ type }}>
          Open in Plugins
        </Link>
      )}
    </div>
  );
}
