import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { api } from "@/api/client";
import { useMay, useMe } from "@/app/useMe";
import { typeIcon } from "@/graph/icons";
import css from "@/pages/flow/Flow.module.css";
import { TEMPLATES, type Template, textOf } from "@/pages/flow/templates";
import { givenExample } from "@/parts/example";
import { Page } from "@/parts/Page";
import { Empty, Loading } from "@/parts/Shown";

const FlowEditor = lazy(() => import("@/editor/FlowEditor").then((module) => ({ default: module.FlowEditor })));

/** Choose what a new flow begins with, then write it. */
export default function NewFlowPage() {
  const { template: chosen, namespace } = useSearch({ from: "/flows/new" });
  const navigate = useNavigate({ from: "/flows/new" });
  const may = useMay("write", namespace);
  const within = useNamespace(namespace);
  const example = chosen === "example" ? givenExample() : null;
  const template = example === null ? TEMPLATES.find((each) => each.id === chosen) : { ...EXAMPLE, text: example };
  const trail = (
    <>
      <Link to="/flows">Flows</Link> /
    </>
  );
  if (!may)
    return (
      <Page title="New flow" trail={trail}>
        <Empty title="You may not write flows here">Ask an admin for the role editor in a namespace.</Empty>
      </Page>
    );
  if (!template)
    return (
      <Page title="New flow" trail={trail}>
        <p className={css.lead}>Begin with one of these; all of it can be changed before it is saved.</p>
        <Templates onChoose={(each) => void navigate({ search: (now) => ({ ...now, template: each.id }) })} />
      </Page>
    );
  return (
    <Page
      title="New flow"
      trail={trail}
      actions={
        <Button variant="default" onClick={() => void navigate({ search: { namespace } })}>
          Begin with something else
        </Button>
      }
      wide
    >
      <Suspense fallback={<Loading label="Loading the editor" />}>
        {within && <Editor key={template.id} template={template} namespace={within} />}
      </Suspense>
    </Page>
  );
}

function Editor({ template, namespace }: { template: Template; namespace: string }) {
  const { side } = useSearch({ from: "/flows/new" });
  const navigate = useNavigate({ from: "/flows/new" });
  const [text] = useState(() => textOf(template, namespace));
  return (
    <FlowEditor
      initial={null}
      template={text}
      namespace={namespace}
      side={side}
      onSide={(next) => void navigate({ search: (now) => ({ ...now, side: next }), replace: true })}
      onSaved={(flow) => void navigate({ to: "/flows/$namespace/$flow", params: { namespace: flow.namespace, flow: flow.id }, search: {} })}
    />
  );
}

function Templates({ onChoose }: { onChoose: (template: Template) => void }) {
  return (
    <ul className={css.templates}>
      {TEMPLATES.map((template) => {
        const Icon = typeIcon(template.type);
        return (
          <li key={template.id}>
            <button type="button" className={css.template} onClick={() => onChoose(template)}>
              <Icon className={css.icon} aria-hidden />
              <span>
                <span className={css.templateName}>{template.title}</span>
                <span className={css.dim}>{template.about}</span>
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** Where a new flow is to be: as the address says, else where the user may write, else where flows are. null: not known yet. */
function useNamespace(asked: string | undefined): string | null {
  const own = useMe()?.namespaces.write;
  const known = useQuery({
    queryKey: ["flow-namespaces"],
    enabled: asked === undefined && own === null,
    queryFn: () => api.get("/flows/distinct-namespaces"),
  });
  if (asked !== undefined) return asked;
  if (own && own.length > 0) return own[0] ?? USUAL;
  if (known.isPending) return null;
  return known.data?.find((each) => each !== "system") ?? USUAL;
}

const USUAL = "company.team";
/** What another page handed over, as an example of a plugin. */
const EXAMPLE: Omit<Template, "text"> = { id: "example", title: "Example", about: "", type: "" };
