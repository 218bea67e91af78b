/** Save a flow's text over the revision that was edited, and say what stands in the way. */
import { api, raw } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import type { FlowWithSource } from "@/api/types";
import { YAML } from "@/editor/knowledge";

export interface Edited {
  namespace: string;
  id: string;
  revision: number;
  source: string;
}

export type Saved =
  | { kind: "saved"; flow: FlowWithSource }
  /** Somebody saved a newer revision: that one. */
  | { kind: "stale"; newest: Edited }
  /** The file cannot be written, or is a link: why, and the difference to be made there. */
  | { kind: "readonly"; why: string; difference: string }
  | { kind: "wrong"; problem: Problem };

/** What a refusal of a save means; null: what its text says. */
export function refusal(problem: Pick<Problem, "status" | "detail">): "stale" | { why: string; difference: string } | null {
  if (problem.status !== 409) return null;
  const [why = "", ...rest] = problem.detail.split("\n");
  if (/^revision \d+ of flow .* was edited/.test(why) || /was changed a moment ago/.test(why)) return "stale";
  if (/cannot be written|is a link/.test(why)) return { why, difference: rest.join("\n").trimEnd() };
  return null;
}

/** base null: a new flow. */
export async function saveFlow(base: Edited | null, text: string): Promise<Saved> {
  try {
    const init = { headers: YAML, body: text };
    const response = base
      ? await raw(pathOf(base), { ...init, method: "PUT", query: { revision: base.revision } })
      : await raw("/flows", { ...init, method: "POST" });
    return { kind: "saved", flow: (await response.json()) as FlowWithSource };
  } catch (thrown) {
    const problem = asProblem(thrown);
    const meaning = refusal(problem);
    if (meaning !== "stale") return meaning ? { kind: "readonly", ...meaning } : { kind: "wrong", problem };
    return base ? { kind: "stale", newest: await newest(base) } : { kind: "wrong", problem };
  }
}

const pathOf = ({ namespace, id }: Edited) => `/flows/${encodeURIComponent(namespace)}/${encodeURIComponent(id)}`;

/** The flow as it is served now. */
export async function newest({ namespace, id }: Edited): Promise<Edited> {
  const flow = (await api.get("/flows/{namespace}/{id}", {
    params: { path: { namespace, id }, query: { source: true } },
  })) as FlowWithSource;
  return { namespace, id, revision: flow.revision, source: flow.source ?? "" };
}
