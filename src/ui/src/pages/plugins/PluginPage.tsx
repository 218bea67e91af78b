import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api } from "@/api/client";
import { PropertyTable } from "@/docs/PropertyTable";
import { propertiesOf, schemasOf } from "@/docs/properties";
import type { Schema } from "@/editor/schema";
import { Examples } from "@/pages/plugins/Examples";
import css from "@/pages/plugins/Plugins.module.css";
import { useCatalogue } from "@/pages/plugins/useCatalogue";
import { CopyButton } from "@/parts/Copy";
import { Markdown } from "@/parts/Markdown";
import { Page, Section } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** Inputs are written in capitals. */
const isInput = (type: string) => /^[A-Z]+$/.test(type);

/** What a type can do: what it is for, examples, each of its properties. */
export default function PluginPage() {
  const { type } = useParams({ from: "/plugins/$type" });
  const { property } = useSearch({ from: "/plugins/$type" });
  const { items } = useCatalogue();
  const found = useQuery({
    queryKey: ["plugins", "page", type],
    queryFn: () =>
      isInput(type)
        ? api.get("/plugins/inputs/{type}", { params: { path: { type } } })
        : api.get("/plugins/{cls}", { params: { path: { cls: type } } }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  const page = found.data;
  const made = useMemo(() => {
    if (!page) return null;
    const root = page.schema.properties as Schema;
    const schemas = schemasOf({ properties: root, definitions: page.schema.definitions as Record<string, Schema> | undefined });
    return { root, schemas, rows: propertiesOf(schemas, [root]) };
  }, [page]);
  const name = made?.root.title ?? type;
  const kind = isInput(type) ? "input" : items?.find((item) => item.name === name)?.kind;
  return (
    <Page
      title={name}
      trail={
        <>
          <Link to="/plugins" search={{ kind }}>
            Plugins
          </Link>{" "}
          /
        </>
      }
      beside={
        <>
          {kind && <span className={css.badge}>{kind}</span>}
          <CopyButton text={name} label="Copy the type" />
        </>
      }
    >
      {found.isError ? (
        found.error instanceof Error && "missing" in found.error && found.error.missing ? (
          <Empty
            title={`There is no type ${type}`}
            action={
              <Button renderRoot={(props) => <Link to="/plugins" search={{ q: type.split(".").at(-1) }} {...props} />}>
                Search plugins
              </Button>
            }
          >
            {found.error.message}
          </Empty>
        ) : (
          <Failed error={found.error} again={() => void found.refetch()} />
        )
      ) : !made ? (
        <Loading />
      ) : (
        <div className={css.page}>
          <div className={css.lead}>
            <Markdown text={made.root.description ?? ""} />
          </div>
          {kind && made.root.examples && made.root.examples.length > 0 && (
            <Section title={made.root.examples.length === 1 ? "Example" : "Examples"}>
              <Examples type={name} kind={kind} examples={made.root.examples} />
            </Section>
          )}
          <Section title="Properties">
            <PropertyTable schemas={made.schemas} rows={made.rows} anchors={{ asked: property }} />
          </Section>
        </div>
      )}
    </Page>
  );
}
