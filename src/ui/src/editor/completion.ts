/** Offer what may be written at the cursor: properties, types, values, and within `{{ }}` what an expression can name. */
import { type Completion, type CompletionContext, type CompletionResult, snippetCompletion } from "@codemirror/autocomplete";
import type { Text } from "@codemirror/state";
import { flowSchemas, typePage, words } from "@/editor/knowledge";
import { namesIn, openExpression } from "@/editor/names";
import { type Lines, type Place, placeAt } from "@/editor/path";
import type { Property, Schemas, TypeInfo } from "@/editor/schema";

/** A CodeMirror document as lines from 0. */
export const linesIn = (text: Text): Lines => ({ count: text.lines, line: (index) => text.line(index + 1).text });

const first = (text: string): string => text.split(/\n\n|(?<=\.)\s/)[0] ?? "";

/** The source of completions of a flow's text. */
export async function completions(context: CompletionContext): Promise<CompletionResult | null> {
  const line = context.state.doc.lineAt(context.pos);
  const column = context.pos - line.from;
  const expression = openExpression(context.state.sliceDoc(Math.max(0, context.pos - 400), context.pos));
  if (expression !== null) return inExpression(context, expression);
  const lines = linesIn(context.state.doc);
  const place = placeAt(lines, line.number - 1, column);
  if (place.at === "text") return null;
  const schemas = await flowSchemas();
  const from = line.from + place.from;
  if (place.at === "value") return valuesAt(schemas, place, from + (/^["']/.test(place.written) ? 1 : 0), context.explicit);
  const options = entries(schemas, place, indentBefore(line.text, place.from));
  if (!context.explicit && place.written === "") return null;
  return options.length > 0 ? { from, options, validFor: /^[\w.-]*$/ } : null;
}

const indentBefore = (line: string, column: number): string => line.slice(0, column).replace(/[^\s]/g, " ");

function entries(schemas: Schemas, place: Place, indent: string): Completion[] {
  const options = schemas
    .properties(place.path, place.types)
    .filter((property) => !place.siblings.has(property.name) || property.name === place.written)
    .map((property) => keyOption(property, indent));
  if (options.length === 0 || typeof place.path.at(-1) === "number" || !schemas.isList(place.path, place.types)) return options;
  return [snippetCompletion("- id: $" + "{id}\n  type: $" + "{}", { label: "- id", detail: "another one", boost: 10 }), ...options];
}

function keyOption(property: Property, indent: string): Completion {
  const about = {
    label: property.name,
    detail: property.required ? `${property.kind} · needed` : property.kind,
    info: property.description || undefined,
    type: "property",
    boost: (property.name === "id" ? 3 : 0) + (property.name === "type" ? 2 : 0) + (property.required ? 1 : 0),
  };
  if (/^list of (?:task|trigger|condition)/.test(property.kind))
    return snippetCompletion(`${property.name}:\n${indent}  - id: $\{id}\n${indent}    type: $\{}`, about);
  if (/^list of/.test(property.kind)) return { ...about, apply: `${property.name}:\n${indent}  - ` };
  return { ...about, apply: property.kind === "map" ? `${property.name}:\n${indent}  ` : `${property.name}: ` };
}

function valuesAt(schemas: Schemas, place: Place, from: number, explicit: boolean): CompletionResult | null {
  const key = place.path.at(-1);
  const typed = place.written.replace(/^["']/, "");
  if (key === "type") {
    const kinds = typesFor(schemas, place);
    if (kinds.length > 0) {
      const options = kinds.map(({ name, description }) => ({
        label: name,
        detail: first(description),
        info: description || undefined,
        type: "type",
      }));
      return { from, options, validFor: /^[\w.-]*$/ };
    }
  }
  if (!explicit && typed === "" && key !== "type") {
    // A list of words is worth being shown at once; nothing else is.
    if (schemas.values(place.path, place.types).length === 0) return null;
  }
  const options = schemas
    .values(place.path, place.types)
    .filter((value) => !value.startsWith("io.") || typed.startsWith("io."))
    .map((value) => ({ label: value, type: "enum" }));
  return options.length > 0 ? { from, options, validFor: /^[\w.-]*$/ } : null;
}

/** The types that may stand at this `type:`; none where it is another kind of type, such as that of an input. */
export function typesFor(schemas: Schemas, place: Place): TypeInfo[] {
  const allowed = new Set(schemas.values(place.path, new Map()));
  return (["task", "trigger", "condition"] as const).flatMap((kind) => {
    const types = schemas.types(kind);
    return types[0] && allowed.has(types[0].name) ? types : [];
  });
}

const ROOTS: [string, string][] = [
  ["inputs", "what was given"],
  ["outputs", "what tasks gave back"],
  ["trigger", "what started it"],
  ["vars", "variables of the flow"],
  ["labels", "labels of the execution"],
  ["execution", "id, startDate, state"],
  ["flow", "id, namespace, revision"],
  ["taskrun", "id, value, iteration"],
  ["task", "id, type"],
  ["error", "in errors: taskId, message, stackTrace"],
];
const PARTS: Record<string, string[]> = {
  execution: ["id", "startDate", "originalId", "state"],
  flow: ["id", "namespace", "revision"],
  taskrun: ["id", "value", "iteration", "startDate", "attemptsCount", "parentId"],
  task: ["id", "type"],
  error: ["taskId", "message", "stackTrace"],
  trigger: ["id", "data", "key", "topic", "time", "headers", "body", "date", "uri"],
};

async function inExpression(context: CompletionContext, before: string): Promise<CompletionResult | null> {
  const { functions, filters } = await words();
  const filter = /\|\s*(\w*)$/.exec(before);
  if (filter) {
    const options = filters.map((label) => ({ label, detail: "filter", type: "function" }));
    return { from: context.pos - (filter[1] ?? "").length, options, validFor: /^\w*$/ };
  }
  const names = namesIn(linesIn(context.state.doc));
  const member = /([\w.]+)\.([\w-]*)$/.exec(before);
  if (member) {
    const parts = await membersOf(member[1] ?? "", names);
    return parts.length > 0 ? { from: context.pos - (member[2] ?? "").length, options: parts, validFor: /^[\w-]*$/ } : null;
  }
  const word = /[\w]*$/.exec(before)?.[0] ?? "";
  if (word === "" && !context.explicit && !/[{(,\s]$/.test(before)) return null;
  const options: Completion[] = [
    ...names.inputs.map((id) => ({ label: `inputs.${id}`, detail: "input", type: "variable", boost: 3 })),
    ...names.tasks.map(({ id, type }) => ({ label: `outputs.${id}`, detail: type, type: "variable", boost: 2 })),
    ...names.variables.map((id) => ({ label: `vars.${id}`, detail: "variable", type: "variable", boost: 2 })),
    ...ROOTS.map(([label, detail]) => ({ label, detail, type: "keyword", boost: 1 })),
    ...functions.map((name) => ({ label: name, apply: `${name}(`, detail: "function", type: "function" })),
  ];
  return { from: context.pos - word.length, options, validFor: /^[\w.-]*$/ };
}

async function membersOf(owner: string, names: ReturnType<typeof namesIn>): Promise<Completion[]> {
  const plain = (labels: readonly string[], detail: string) => labels.map((label) => ({ label, detail, type: "property" }));
  if (owner === "inputs") return plain(names.inputs, "input");
  if (owner === "vars") return plain(names.variables, "variable");
  if (owner === "outputs") return names.tasks.map(({ id, type }) => ({ label: id, detail: type, type: "property" }));
  const [root, id, more] = owner.split(".");
  if (root === "outputs" && id && more === undefined) {
    const type = names.tasks.find((each) => each.id === id)?.type;
    if (!type || (await flowSchemas()).about(type) === null) return [];
    const outputs = (await typePage(type).catch(() => null))?.schema.outputs?.properties ?? {};
    return Object.entries(outputs).map(([label, schema]) => ({
      label,
      detail: schema.description ? first(schema.description) : "output",
      type: "property",
    }));
  }
  return plain(PARTS[owner] ?? [], "");
}
