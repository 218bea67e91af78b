/** Ask a flow's JSON Schema what may stand at a path: properties, values, types of tasks. Pure; the schema comes from the server. */
import type { Segment } from "@/editor/path";

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  if?: Schema;
  then?: Schema;
  else?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
}

export interface Property {
  name: string;
  description: string;
  /** Its kind in words: `text`, `list of task`, `one of a, b`. */
  kind: string;
  required: boolean;
  default: unknown;
  schema: Schema;
}

export interface TypeInfo {
  name: string;
  description: string;
}

const EXPRESSION = "#/$defs/expression";
const COMMON = 20;

/** A schema that is asked by paths. */
export class Schemas {
  private readonly known = new Map<Schema, Map<string, readonly Schema[]>>();

  constructor(
    readonly root: Schema,
    private readonly defs: Record<string, Schema> = root.$defs ?? {},
  ) {}

  /** The schema that a reference means. */
  named(ref: string): Schema | undefined {
    return this.defs[ref.replace("#/$defs/", "")];
  }

  /** What a schema allows, each alternative by itself; of those that are told apart by `type`, the ones that this type means. */
  alternatives(schema: Schema, type?: string): readonly Schema[] {
    const key = type ?? "";
    const before = this.known.get(schema)?.get(key);
    if (before) return before;
    const found: Schema[] = [];
    this.gather(schema, type, found, new Set());
    const made = this.known.get(schema) ?? new Map<string, readonly Schema[]>();
    made.set(key, found);
    this.known.set(schema, made);
    return found;
  }

  private gather(schema: Schema, type: string | undefined, found: Schema[], seen: Set<Schema>): void {
    if (seen.has(schema)) return;
    seen.add(schema);
    if (schema.$ref) {
      const target = schema.$ref === EXPRESSION ? undefined : this.named(schema.$ref);
      if (target) this.gather(target, type, found, seen);
      return;
    }
    const own = typesOf(schema);
    if (type !== undefined && own !== null && !own.includes(type)) return;
    if (schema.properties || schema.items || schema.enum || schema.const !== undefined || schema.type || schema.additionalProperties)
      found.push(schema);
    for (const each of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) this.gather(each, type, found, seen);
    if (schema.if) {
      const meant = typesOf(schema.if);
      const branch = meant === null ? schema.else : type !== undefined && meant.includes(type) ? schema.then : undefined;
      if (branch) this.gather(branch, type, found, seen);
    }
  }

  /** What may stand at a path; types: the `type` of the map at each length of the path. */
  at(path: readonly Segment[], types: ReadonlyMap<number, string>): readonly Schema[] {
    let nodes: readonly Schema[] = [this.root];
    for (const [index, segment] of path.entries()) {
      const here = nodes.flatMap((node) => this.alternatives(node, types.get(index)));
      nodes = here.flatMap((node) => {
        if (typeof segment === "number") return node.items ? [node.items] : [];
        const property = node.properties?.[segment];
        if (property) return [property];
        return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
      });
      // A key that is in a type's own schema and in the common part is described twice.
      nodes = [...new Set(nodes)];
    }
    return nodes;
  }

  /** The properties that a map at a path may have. */
  properties(path: readonly Segment[], types: ReadonlyMap<number, string>): Property[] {
    return this.propertiesOf(this.at(path, types), types.get(path.length));
  }

  /** The properties of a map that is one of these schemas. */
  propertiesOf(schemas: readonly Schema[], type?: string): Property[] {
    const found = new Map<string, Property>();
    for (const node of schemas.flatMap((each) => this.alternatives(each, type))) {
      for (const [name, schema] of Object.entries(node.properties ?? {})) {
        const before = found.get(name);
        const made: Property = {
          name,
          schema,
          description: this.descriptionOf(schema) || before?.description || "",
          kind: this.kindOf(schema) || before?.kind || "",
          required: (node.required?.includes(name) ?? false) || (before?.required ?? false),
          default: this.defaultOf(schema) ?? before?.default,
        };
        found.set(name, made);
      }
    }
    return [...found.values()];
  }

  /** The words that may stand at a path; null where anything may. */
  values(path: readonly Segment[], types: ReadonlyMap<number, string>): string[] {
    return this.valuesOf(this.at(path, types));
  }

  /** The words that a value of one of these schemas may be. */
  valuesOf(schemas: readonly Schema[]): string[] {
    const found = new Set<string>();
    for (const node of schemas.flatMap((each) => this.alternatives(each))) {
      for (const each of node.enum ?? (node.const === undefined ? [] : [node.const])) if (each !== null) found.add(String(each));
      if (node.type === "boolean") for (const each of ["true", "false"]) found.add(each);
    }
    return [...found];
  }

  isList(path: readonly Segment[], types: ReadonlyMap<number, string>): boolean {
    return this.at(path, types).some((node) => this.alternatives(node).some((each) => each.items !== undefined));
  }

  /** The types of tasks, triggers or conditions by their short names, with what each does. */
  types(kind: "task" | "trigger" | "condition"): TypeInfo[] {
    const found = new Map<string, string>();
    for (const rule of this.defs[kind]?.allOf ?? []) {
      const description = this.descriptionOf(rule.then ?? {});
      for (const name of typesOf(rule.if ?? {}) ?? []) if (!name.startsWith("io.")) found.set(name, description);
    }
    return [...found].map(([name, description]) => ({ name, description })).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** What a type does; null where there is no such type. */
  about(type: string): { kind: string; description: string } | null {
    for (const kind of ["task", "trigger", "condition"]) {
      const rule = this.defs[kind]?.allOf?.find((each) => typesOf(each.if ?? {})?.includes(type));
      if (rule) return { kind, description: this.descriptionOf(rule.then ?? {}) };
    }
    return null;
  }

  descriptionOf(schema: Schema): string {
    return schema.description ?? (schema.$ref ? (this.named(schema.$ref)?.description ?? "") : "");
  }

  private defaultOf(schema: Schema): unknown {
    return schema.default ?? (schema.$ref ? this.named(schema.$ref)?.default : undefined);
  }

  /** What kind of value it is, in words. */
  kindOf(schema: Schema): string {
    if (schema.$ref && /^#\/\$defs\/(?:task|trigger|condition)(?:-with-defaults)?$/.test(schema.$ref))
      return schema.$ref.slice(8).replace("-with-defaults", "");
    const words = new Set<string>();
    for (const each of this.alternatives(schema)) {
      if (each.enum || each.const !== undefined) {
        const values = (each.enum ?? [each.const]).filter((value) => value !== null).map(String);
        words.add(values.length > COMMON ? "one of many" : values.join(" | "));
      } else if (each.items) words.add(`list of ${this.kindOf(each.items) || "values"}`);
      else if (each.format === "duration") words.add("duration");
      else for (const type of [each.type ?? []].flat()) if (type !== "null") words.add(WORDS[type] ?? type);
    }
    // `errors: x` is allowed for texts that make the whole list; the list is what is meant.
    if ([...words].some((word) => word.startsWith("list of "))) for (const word of ["text", "number", "true or false"]) words.delete(word);
    return [...words].join(" | ");
  }
}

const WORDS: Record<string, string> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  object: "map",
  array: "list",
};

function typesOf(schema: Schema): string[] | null {
  const type = schema.properties?.type;
  if (!type || typeof type !== "object") return null;
  const words = [type, ...(type.anyOf ?? [])].flatMap((each) => (typeof each.const === "string" ? [each.const] : (each.enum ?? [])));
  return words.length > 0 ? words.map(String) : null;
}
