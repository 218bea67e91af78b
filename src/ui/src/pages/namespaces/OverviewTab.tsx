import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import { useMay } from "@/app/useMe";
import { Count } from "@/pages/namespaces/Count";
import css from "@/pages/namespaces/Namespaces.module.css";
import { Markdown } from "@/parts/Markdown";
import { Section } from "@/parts/Page";

interface OverviewTabProps {
  namespace: string;
  description: string | null;
  onDescribe: () => void;
}

/** What a namespace is for, what is in it, what is below it. */
export function OverviewTab({ namespace, description, onDescribe }: OverviewTabProps) {
  const mayWrite = useMay("write", namespace);
  const all = useQuery({
    queryKey: ["namespaces"],
    queryFn: () => api.get("/namespaces/search", { params: { query: { size: 1000 } } }),
  });
  const below = (all.data?.results ?? []).filter((each) => each.id.startsWith(`${namespace}.`));
  return (
    <>
      <dl className={css.figures}>
        {(["flows", "triggers", "executions", "running", "failed"] as const).map((of) => (
          <div key={of}>
            <dt>{{ flows: "Flows", triggers: "Triggers", executions: "Executions", running: "Running", failed: "Failed" }[of]}</dt>
            <dd>
              <Count namespace={namespace} of={of} />
            </dd>
          </div>
        ))}
      </dl>
      <Section title="Description">
        {description ? (
          <Markdown text={description} />
        ) : (
          <p className={css.dim}>
            Nobody has said yet what it is for.{" "}
            {mayWrite && (
              <Button variant="subtle" size="compact-xs" onClick={onDescribe}>
                Describe it
              </Button>
            )}
          </p>
        )}
      </Section>
      {below.length > 0 && (
        <Section title="Below it">
          <ul className={css.list}>
            {below.map((each) => (
              <li key={each.id}>
                <Link to="/namespaces/$namespace" params={{ namespace: each.id }} search={{}}>
                  {each.id}
                </Link>
                <span className={css.dim}>{each.description?.split("\n")[0]}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title="Seen here">
        <p className={css.dim}>
          Flows of this namespace read the values, files and secrets that are in it. Values and secrets of the namespaces above are seen,
          too: of one name the nearest counts.
        </p>
      </Section>
    </>
  );
}
