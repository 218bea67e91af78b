/**
 * Call the API. Types come from its OpenAPI document (`npm run types`); what is not 2xx is thrown as a Problem.
 *
 *     const page = await api.get("/executions/search", { params: { query: { size: 25 } } });
 */
import createClient, { type FetchResponse, type MaybeOptionalInit } from "openapi-fetch";
import { Problem } from "@/api/problem";
import type { paths } from "@/api/schema";
import { session } from "@/api/session";

export const BASE = "/api/v1/main";

type Strip<T extends string> = T extends `/api/v1/main${infer Rest}` ? Rest : never;
type Paths = { [P in keyof paths as Strip<P & string>]: paths[P] };

/** A list in a query is written once for each of its values; `filters` is a record of `field][OPERATION` to value. */
function inQuery(query: Record<string, unknown>): string {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    for (const each of Array.isArray(value) ? value : [value]) made.append(name, String(each));
  }
  return made.toString();
}

const client = createClient<Paths>({ baseUrl: BASE, querySerializer: inQuery });

client.use({
  onRequest: ({ request }) => {
    const token = session.csrfToken;
    if (token && request.method !== "GET" && request.method !== "HEAD") request.headers.set("X-CSRF-Token", token);
    return request;
  },
});

type Method = "get" | "post" | "put" | "delete" | "patch";
type PathsWith<M extends Method> = { [P in keyof Paths]: Paths[P] extends Record<M, object> ? P : never }[keyof Paths];
type Operation<P extends keyof Paths, M extends Method> =
  Paths[P] extends Record<M, infer O extends Record<string | number, unknown>> ? O : never;
type Init<P extends keyof Paths, M extends Method> = MaybeOptionalInit<Paths[P] & Record<M, object>, M>;
type Answer<P extends keyof Paths, M extends Method> = FetchResponse<Operation<P, M>, Init<P, M>, "application/json">["data"] & {};
type Rest<T> = undefined extends T ? [init?: T] : [init: T];

async function call(method: Method, path: string, init: unknown): Promise<unknown> {
  const send = client[method.toUpperCase() as "GET"] as (path: string, init: unknown) => Promise<FetchResponse<never, never, never>>;
  const { data, error, response } = await send(path, init ?? {});
  if (!response.ok) {
    if (response.status === 401) session.lost();
    throw Problem.of(response.status, error, response.headers.get("Retry-After"));
  }
  return data;
}

function verb<M extends Method>(method: M) {
  return <P extends PathsWith<M>>(path: P, ...[init]: Rest<Init<P, M>>) => call(method, path as string, init) as Promise<Answer<P, M>>;
}

export const api = { get: verb("get"), post: verb("post"), put: verb("put"), delete: verb("delete"), patch: verb("patch") };

/**
 * What the typed client cannot say: YAML and text bodies, forms with files, downloads, `filters[field][OPERATION]` in the query.
 * path is below /api/v1/main. Throws a Problem.
 */
export async function raw(path: string, init: RequestInit & { query?: Record<string, unknown> } = {}): Promise<Response> {
  const { query, ...rest } = init;
  const text = query ? inQuery(query) : "";
  const headers = new Headers(rest.headers);
  if (session.csrfToken && rest.method && rest.method !== "GET") headers.set("X-CSRF-Token", session.csrfToken);
  const response = await fetch(`${BASE}${path}${text ? `${path.includes("?") ? "&" : "?"}${text}` : ""}`, { ...rest, headers });
  if (response.ok) return response;
  if (response.status === 401) session.lost();
  const body = await response.text();
  throw Problem.of(response.status, json(body), response.headers.get("Retry-After"));
}

/** The same, answered as JSON. */
export async function rawJson<T>(path: string, init?: RequestInit & { query?: Record<string, unknown> }): Promise<T> {
  return (await raw(path, init)).json() as Promise<T>;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
