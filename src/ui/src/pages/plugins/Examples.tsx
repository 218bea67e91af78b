import { Button } from "@mantine/core";
import { IconRoute } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMay } from "@/app/useMe";
import { exampleText } from "@/docs/example";
import { flowOf } from "@/pages/plugins/examples";
import css from "@/pages/plugins/Plugins.module.css";
import type { Kind } from "@/pages/plugins/search";
import { CodeBlock } from "@/parts/CodeBlock";
import { giveExample } from "@/parts/example";

/** Examples of a type as YAML, each with a way into a new flow. */
export function Examples({ type, kind, examples }: { type: string; kind: Kind; examples: readonly unknown[] }) {
  const mayWrite = useMay("write");
  const navigate = useNavigate();
  return (
    <div className={css.examples}>
      {examples.map((example) => {
        const text = exampleText(example);
        const flow = flowOf(type, kind, example);
        return (
          <div key={text} className={css.example}>
            <CodeBlock text={text} language="yaml" label="Example" />
            {mayWrite && flow && (
              <Button
                variant="subtle"
                size="compact-sm"
                leftSection={<IconRoute className={css.icon} />}
                onClick={() => {
                  giveExample(flow);
                  void navigate({ to: "/flows/new", search: { template: "example" } });
                }}
              >
                Open as a new flow
              </Button>
            )}
          </div>
        );
      })}
    </div>
  );
}
