import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import css from "@/docs/Docs.module.css";
import { exampleText } from "@/docs/example";
import { PropertyTable } from "@/docs/PropertyTable";
import { propertiesOf, schemasOf } from "@/docs/properties";
import { flowSchemas, type TypePage, typePage } from "@/editor/knowledge";
import { CodeBlock } from "@/parts/CodeBlock";
import { Markdown } from "@/parts/Markdown";
import { Said } from "@/parts/Said";
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
        <Said text="Ctrl-Space behind `type:` shows all that there are." />
      </Empty>
    );
  return <Page page={page.data} type={type} input={input} />;
}

function Page({ page, type, input }: { page: TypePage; type: string; input: boolean }) {
  const { properties: root, definitions } = page.schema;
  const [schemas, rows] = useMemo(() => {
    const made = schemasOf({ properties: root, definitions });
    return [made, propertiesOf(made, [root])] as const;
  }, [root, definitions]);
  const example = root.examples?.[0];
  return (
    <div className={css.docs}>
      <h2 className={css.title}>{root.title ?? type}</h2>
      <Markdown text={root.description ?? ""} />
      {example !== undefined && (
        <>
          <h3 className={css.part}>Example</h3>
          <CodeBlock text={exampleText(example)} language="yaml" label="Example" />
        </>
      )}
      <h3 className={css.part}>Properties</h3>
      <PropertyTable schemas={schemas} rows={rows} />
      {!input && (
        <p className={css.foot}>
          <Link to="/plugins/$type" params={{ type }}>
            Open in Plugins
          </Link>
        </p>
      )}
    </div>
  );
}

/** Types that are still being written are not asked for. */
async function isType(type: string, input: boolean): Promise<boolean> {
  const schemas = await flowSchemas();
  return input ? schemas.values(["inputs", 0, "type"], new Map()).includes(type) : schemas.about(type) !== null;
}
