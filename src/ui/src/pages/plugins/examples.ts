/** Examples of types as whole flows. */
import { stringify } from "yaml";
import { WIDE } from "@/docs/example";
import type { Kind } from "@/pages/plugins/search";

/** A flow that has the example in it, `NAMESPACE` for where it is to be; null where a flow has no place for its kind. */
export function flowOf(type: string, kind: Kind, example: unknown): string | null {
  const id = `try_${type.split(".").slice(-2).join("_").toLowerCase()}`.replace(/[^a-z0-9_-]/g, "_");
  const parts: Record<string, unknown> = { id, namespace: "NAMESPACE" };
  const say = (message: string) => [{ id: "say", type: "core.log.Log", message }];
  if (typeof example !== "object" || example === null) return null;
  if (kind === "task") parts.tasks = [example];
  else if (kind === "trigger") Object.assign(parts, { tasks: say("It was started by {{ trigger }}"), triggers: [example] });
  else if (kind === "input") Object.assign(parts, { inputs: [example], tasks: say("{{ inputs }}") });
  else return null;
  return stringify(parts, WIDE);
}
