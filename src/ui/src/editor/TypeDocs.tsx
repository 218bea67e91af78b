import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import css from "@/editor/FlowEditor.module.css";
import { flowSchemas, type TypePage, typePage } from "@/editor/knowledge";
import { Markdown } from "@/parts/Markdown";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** What the type under the cursor can do; those of inputs are in capitals. */
export function TypeDocs({ type }: { type: string | null }) {
  const input = type !== null && /^[A-Z]+$/.test(type);
  const page = useQuery<TypePage | null>({
    queryKey: ["editor", "docs", type],
    enabled: type !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => ((await isType(type ?? "", input)) ? typePage(type ?? "", input) : null),
  });
  if (type === null)
    return (
      <Empty title="Docs of what you write">Put the cursor in a task, a trigger or an input. What its type can do is shown here.</Empty>
    );
  if (page.isError && !page.data) return <Failed error={page.error} />;
  if (page.data === undefined) return <Loading label="Docs" />;
  if (page.data === null)
    return (
      <Empty title={`There is no type ${type.length > 60 ? `${type.slice(0, 60)}…` : type}`}>
        Ctrl-Space behind `type:` shows all that there are.
      </Empty>
    );
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

/** Types that are still being written are not asked for. */
async function isType(type: string, input: boolean): Promise<boolean> {
  const schemas = await flowSchemas();
  return input ? schemas.values(["inputs", 0, "type"], new Map()).includes(type) : schemas.about(type) !== null;
}
