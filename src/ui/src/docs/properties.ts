/** The properties of a type as rows of a table, from its JSON Schema. */
import { type Schema, Schemas } from "@/editor/schema";

export interface Property {
  name: string;
  /** In words: `text`, `list of map`, `anything`. */
  kind: string;
  required: boolean;
  /** As YAML would have it; null: none. */
  default: string | null;
  /** The words that it may be. */
  values: string[];
  description: string;
  /** Every type of its kind has it: id, timeout, retry, ... */
  shared: boolean;
  /** Lengths, ranges, patterns. */
  limits: string[];
  /** What a map in it may have. */
  inside: Schema[];
}

const EXPRESSION = "#/$defs/expression";
const SCALARS = "boolean,null,number,string";
const WHOLE = /^#\/\$defs\/(task|trigger|condition)(-with-defaults)?$/;

/** Takes out what stands in every schema and says nothing: that an expression may be there, that scalars are taken for texts, null. */
export function tidy(schema: Schema): Schema {
  const { anyOf, ...rest } = schema;
  if (!anyOf) return schema;
  const kept = anyOf.filter((each) => !idle(each)).map(tidy);
  const [only] = kept;
  if (kept.length === 1 && only) return { ...only, ...rest };
  return { ...rest, anyOf: kept };
}

function idle(schema: Schema): boolean {
  if (schema.$ref === EXPRESSION || schema.type === "null") return true;
  return Array.isArray(schema.type) && [...schema.type].sort().join() === SCALARS && Object.keys(schema).length === 1;
}

/** What the schema, or what it stands for, says under a key. */
function said<K extends "description" | "default">(schemas: Schemas, schema: Schema, key: K, deep = 0): Schema[K] {
  if (schema[key] !== undefined || deep > 6) return schema[key];
  const target = schema.$ref && !WHOLE.test(schema.$ref) ? schemas.named(schema.$ref) : undefined;
  for (const each of [...(target ? [target] : []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) {
    if (each.$ref === EXPRESSION) continue;
    const found = said(schemas, each, key, deep + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function kindOf(schemas: Schemas, schema: Schema): string {
  const words = schemas.kindOf(schema).split(" | ");
  if (words.includes("map") && words.includes("list of values")) return "anything";
  return words.filter((word) => word !== "whole number" || !words.includes("number")).join(" or ") || "anything";
}

function limitsOf(schemas: Schemas, schema: Schema): string[] {
  const found = new Set<string>();
  for (const each of schemas.alternatives(schema) as readonly (Schema & { minLength?: number; maxLength?: number; minItems?: number })[]) {
    if (each.minimum !== undefined) found.add(`at least ${each.minimum}`);
    if (each.maximum !== undefined) found.add(`at most ${each.maximum}`);
    if (each.minItems !== undefined && each.minItems > 0) found.add(each.minItems === 1 ? "not empty" : `at least ${each.minItems}`);
    if (each.maxLength !== undefined) found.add(`at most ${each.maxLength.toLocaleString("en")} characters`);
    if (each.format === "date-time") found.add("an instant");
    if (each.pattern !== undefined && each.pattern !== "\\{\\{|\\{%") found.add(`as ${each.pattern}`);
  }
  return [...found];
}

/** A default in one line; null where there is none worth saying. */
export function defaultText(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "object" && Object.keys(value).length === 0) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function insideOf(schemas: Schemas, schema: Schema): Schema[] {
  if (schema.$ref && WHOLE.test(schema.$ref)) return [];
  return schemas
    .alternatives(schema)
    .flatMap((each) => [each, ...(each.items && !(each.items.$ref && WHOLE.test(each.items.$ref)) ? schemas.alternatives(each.items) : [])])
    .filter((each) => each.properties && Object.keys(each.properties).length > 0 && !each.properties.type?.enum?.includes("core.log.Log"));
}

/** The rows: what must be there first, then its own, then what every type has. */
export function propertiesOf(schemas: Schemas, whole: readonly Schema[]): Property[] {
  const found = new Map<string, Property>();
  for (const schema of whole) {
    for (const [name, given] of Object.entries(schema.properties ?? {})) {
      if (found.has(name)) continue;
      const made = tidy(given.$ref && !WHOLE.test(given.$ref) ? (schemas.named(given.$ref) ?? given) : given);
      const values = schemas.valuesOf([made]).filter((each) => each !== "true" && each !== "false");
      found.set(name, {
        name,
        kind: values.length > 0 ? "one of" : kindOf(schemas, made),
        required: schema.required?.includes(name) ?? false,
        default: defaultText(said(schemas, made, "default")),
        values: values.slice(0, 40),
        description: String(said(schemas, given, "description") ?? ""),
        shared: /^#\/\$defs\/(task|trigger|condition)\./.test(given.$ref ?? "") || name === "type",
        limits: values.length > 0 ? [] : limitsOf(schemas, made),
        inside: insideOf(schemas, made),
      });
    }
  }
  return [...found.values()].sort((a, b) => Number(a.shared) - Number(b.shared) || Number(b.required) - Number(a.required));
}

/** The schemas of a page of the API. */
export function schemasOf(page: { properties: Schema; definitions?: Record<string, Schema> | null }): Schemas {
  return new Schemas(page.properties, page.definitions ?? {});
}
