import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Trigger } from "@/api/types";
import { CodeView } from "@/editor/CodeView";
import { definitionOf } from "@/pages/triggers/definition";
import { flowParts } from "@/pages/triggers/status";
import css from "@/pages/triggers/Trigger.module.css";
import { ButtonLink } from "@/parts/ButtonLink";
import { Section } from "@/parts/Page";
import { Failed, Loading } from "@/parts/Shown";

/** A trigger as its flow's text says it, or, where it stands alone, as the server read it. */
export function Definition({ trigger }: { trigger: Trigger }) {
  const flow = trigger.flows[0];
  const { namespace, flow: id } = flowParts(flow ?? "");
  const found = useQuery({
    queryKey: ["flow", namespace, id, "source"],
    enabled: flow !== undefined,
    queryFn: () => api.get("/flows/{namespace}/{id}", { params: { path: { namespace, id }, query: { source: true } } }),
  });
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} />;
  if (flow !== undefined && !found.data) return <Loading rows={4} label="Loading the definition" />;
  const source = (found.data as { source?: string } | undefined)?.source ?? "";
  const { text, inFlow } = definitionOf(source, trigger.triggerId, trigger.trigger);
  return (
    <Section
      title={inFlow ? `In flow ${flow}` : "A file of its own"}
      actions={
        inFlow && flow !== undefined ? (
          <ButtonLink
            to="/flows/$namespace/$flow"
            params={flowParts(flow)}
            search={{ tab: "editor", task: trigger.triggerId }}
            variant="default"
          >
            Edit the flow
          </ButtonLink>
        ) : undefined
      }
    >
      {!inFlow && (
        <p className={css.none}>
          It stands in a file of the folder <code>triggers/</code>; these are its settings as the server read them. Edit the file there: it
          is read again at once.
        </p>
      )}
      <CodeView text={text} language="yaml" label="Definition of the trigger" />
    </Section>
  );
}
