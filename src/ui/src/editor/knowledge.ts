/** What the server knows of the language, fetched once and kept: schema, pages of types, functions and filters. */
import { api, raw, rawJson } from "@/api/client";
import { queries } from "@/app/queries";
import { type Schema, Schemas } from "@/editor/schema";

const kept = { staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY } as const;
export const YAML = { "Content-Type": "application/x-yaml" };

/** The schema of flows. */
export const flowSchemas = (): Promise<Schemas> =>
  queries.fetchQuery({
    ...kept,
    queryKey: ["schemas", "flow"],
    queryFn: async () => new Schemas(await rawJson<Schema>("/plugins/schemas/flow")),
  });

export interface TypePage {
  schema: { properties: Schema; outputs: Schema | null; definitions: Record<string, Schema> };
}

/** The page of a type, by any of its names; input: of a type of inputs. */
export const typePage = (type: string, input = false): Promise<TypePage> =>
  queries.fetchQuery({
    ...kept,
    queryKey: ["plugins", "page", type],
    queryFn: () => rawJson<TypePage>(`/plugins/${input ? "inputs/" : ""}${encodeURIComponent(type)}`),
  });

/** The names of functions and filters that expressions may use. */
export const words = (): Promise<{ functions: string[]; filters: string[] }> =>
  queries.fetchQuery({
    ...kept,
    queryKey: ["pebble", "words"],
    queryFn: async () => {
      const [functions, filters] = await Promise.all([api.get("/pebble/functions"), api.get("/pebble/filters")]);
      return { functions: functions.map((each) => each.name), filters };
    },
  });

/** What is wrong with a text of a flow, in sentences with line and column. */
export interface Validity {
  constraints?: string | null;
  warnings: string[];
  infos: string[];
  outdated: boolean;
}

export const validity = async (text: string, signal?: AbortSignal): Promise<Validity> => {
  const found = (await (await raw("/flows/validate", { method: "POST", headers: YAML, body: text, signal })).json()) as Validity[];
  return found[0] ?? { constraints: null, warnings: [], infos: [], outdated: false };
};
