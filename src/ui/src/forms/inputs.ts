/**
 * What a form of a flow's inputs holds, what of it is sent, and how it is told: no React in here.
 *
 * Rules
 * 1. A field that was left empty is not sent: the flow's default counts.
 * 2. What is sent is a multipart form, so that files go with it; lists go as JSON text.
 * 3. While somebody types, the server is asked what is wrong with it, with files by their names only.
 * 4. A secret is in no command that is copied.
 */
import { curlOf } from "@/parts/Copy";

export type InputType =
  | "STRING"
  | "INT"
  | "FLOAT"
  | "BOOLEAN"
  | "BOOL"
  | "DATETIME"
  | "DATE"
  | "TIME"
  | "DURATION"
  | "FILE"
  | "JSON"
  | "OBJECT"
  | "YAML"
  | "ARRAY"
  | "URI"
  | "SELECT"
  | "ENUM"
  | "MULTISELECT"
  | "SECRET"
  | "EMAIL";

export interface Choice {
  value: string;
  label: string;
}

/** An input as a flow declares it. */
export interface InputSpec {
  id: string;
  type: InputType;
  label: string;
  description: string | null;
  required: boolean;
  defaults: unknown;
  prefill: unknown;
  choices: readonly Choice[] | null;
  allowCustom: boolean;
  radio: boolean;
  itemType: string | null;
  /** Bounds and patterns in words: `1 to 10`. */
  bounds: string | null;
  extensions: readonly string[];
}

/** What a field holds: text as it is typed, the items of a list, a file. */
export type FieldValue = string | readonly string[] | File | null;
export type Values = Readonly<Record<string, FieldValue>>;

/** An input as the server would have it. */
export interface Examined {
  enabled: boolean;
  value: unknown;
  isDefault: boolean;
  error: string | null;
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** A value as a field shows it: text as it is, all else as JSON. */
export const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const choice = (given: unknown): Choice => {
  if (typeof given !== "object" || given === null) return { value: asText(given), label: asText(given) };
  const { value, label } = given as { value?: unknown; label?: unknown };
  return { value: asText(value), label: text(label) ?? asText(value) };
};

/** The declaration of an input, from the flow's JSON. */
export function readSpec(given: Readonly<Record<string, unknown>>): InputSpec {
  const extensions = Array.isArray(given.allowedFileExtensions) ? given.allowedFileExtensions.map(asText) : [];
  const id = asText(given.id ?? given.name ?? "");
  return {
    id,
    type: asText(given.type ?? "STRING") as InputType,
    label: text(given.displayName) ?? id,
    description: text(given.description),
    required: given.required !== false,
    defaults: given.defaults ?? null,
    prefill: given.prefill ?? null,
    choices: Array.isArray(given.values) ? given.values.map(choice) : null,
    allowCustom: given.allowCustomValue === true,
    radio: given.isRadio === true,
    itemType: text(given.itemType),
    bounds: boundsOf(given, extensions),
    extensions: extensions.map((each) => `.${each.replace(/^\./, "")}`),
  };
}

function boundsOf(given: Readonly<Record<string, unknown>>, extensions: readonly string[]): string | null {
  const [low, high] = [given.min ?? given.after ?? null, given.max ?? given.before ?? null];
  const from = "after" in given || "before" in given ? ["after", "before"] : ["at least", "at most"];
  if (low !== null && high !== null) return `${asText(low)} to ${asText(high)}`;
  if (low !== null) return `${from[0]} ${asText(low)}`;
  if (high !== null) return `${from[1]} ${asText(high)}`;
  if (extensions.length > 0) return extensions.join(", ");
  return typeof given.validator === "string" ? `matches ${given.validator}` : null;
}

export const isList = (spec: InputSpec): boolean => spec.type === "ARRAY" || spec.type === "MULTISELECT";

/** A value of the flow or of an execution, as the field of its input holds it. */
export function fieldOf(spec: InputSpec, value: unknown): FieldValue {
  if (value === null || value === undefined) return null;
  if (spec.type === "SECRET") return null;
  if (isList(spec)) return Array.isArray(value) ? value.map(asText) : null;
  if (spec.type === "JSON" || spec.type === "OBJECT" || spec.type === "YAML")
    return typeof value === "string" && spec.type === "YAML" ? value : JSON.stringify(value, null, 2);
  return asText(value);
}

/** What a form begins with: the values of an execution that is repeated, else what the flow fills in. */
export function firstValues(specs: readonly InputSpec[], initial: Readonly<Record<string, unknown>> = {}): Values {
  return Object.fromEntries(specs.map((spec) => [spec.id, fieldOf(spec, nested(initial, spec.id) ?? spec.prefill)]));
}

function nested(values: Readonly<Record<string, unknown>>, id: string): unknown {
  if (id in values) return values[id];
  const dot = id.indexOf(".");
  const inner = dot < 0 ? null : values[id.slice(0, dot)];
  return typeof inner === "object" && inner !== null ? nested(inner as Record<string, unknown>, id.slice(dot + 1)) : undefined;
}

/** Whether nothing was given. */
export const isEmpty = (value: FieldValue | undefined): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

const isFile = (value: FieldValue | undefined): value is File => typeof File !== "undefined" && value instanceof File;

/** What is sent of the fields, in the order of the inputs. hidden: fields that are not asked for now. */
export function sent(specs: readonly InputSpec[], values: Values, hidden: ReadonlySet<string> = new Set()): [string, string | File][] {
  const found: [string, string | File][] = [];
  for (const spec of specs) {
    const value = values[spec.id];
    if (hidden.has(spec.id) || value === undefined || value === null || isEmpty(value)) continue;
    if (isFile(value)) found.push([spec.id, value]);
    else found.push([spec.id, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  return found;
}

/** The body of a start. asked: for validation only, so files go without what is in them. */
export function bodyOf(fields: readonly [string, string | File][], asked = false): FormData {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, asked ? new File([], value.name) : value, value.name);
  }
  return form;
}

/** The server's sentence without the input's name in front, which the field has already. */
export function faultText(message: string): string {
  const plain = message.replace(/^Invalid input for `[^`]*`, /, "");
  if (plain.startsWith("missing required input")) return "This is needed.";
  const place = /(?<!^)line \d+, column \d+: [\s\S]*$/.exec(plain);
  if (place) return faultText(place[0].replace("line", "Line"));
  // A file that is being looked at has an address that nobody gave it.
  const file = plain.replace(/, but received `kestra:\/\/\/[^`]*`$/, "");
  if (file !== plain) return faultText(file);
  return `${plain.charAt(0).toUpperCase()}${plain.slice(1)}${/[.!?]$/.test(plain) ? "" : "."}`;
}

interface Answer {
  inputs: readonly {
    input: Readonly<Record<string, unknown>>;
    value?: unknown;
    enabled: boolean;
    isDefault: boolean;
    errors: readonly { message: string }[];
  }[];
}

/** The server's answer by input. */
export function examined(answer: Answer): Map<string, Examined> {
  return new Map(
    answer.inputs.map(({ input, value, enabled, isDefault, errors }) => [
      asText(input.id),
      {
        enabled,
        value: value ?? null,
        isDefault,
        error: errors.length > 0 ? errors.map((each) => faultText(each.message)).join(" ") : null,
      },
    ]),
  );
}

/** What a validation says of the values of an expression: the choices that are offered now. */
export function offered(answer: Answer): Map<string, readonly Choice[]> {
  const found = new Map<string, readonly Choice[]>();
  for (const { input } of answer.inputs) if (Array.isArray(input.values)) found.set(asText(input.id), input.values.map(choice));
  return found;
}

/** What the field shows while nothing is in it: the default, as the server works it out. */
export function placeholderOf(spec: InputSpec, known: Examined | undefined): string {
  const value = known?.isDefault ? known.value : spec.defaults;
  if (value !== null && value !== undefined && spec.type !== "SECRET") return asText(value);
  return (
    ({ DURATION: "PT5M", URI: "https://example.org/path", EMAIL: "name@example.org" } as Partial<Record<InputType, string>>)[spec.type] ??
    ""
  );
}

const quoted = (part: string): string => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`);

/** The same by curl. path: below /api/v1/main. */
export function curlOfForm(path: string, fields: readonly [string, string | File][], secret: ReadonlySet<string>): string {
  const parts = fields.map(([name, value]) => {
    if (secret.has(name)) return `--form-string "${name}=$${variable(name)}"`;
    return typeof value === "string" ? `--form-string ${quoted(`${name}=${value}`)}` : `-F ${quoted(`${name}=@${value.name}`)}`;
  });
  const [command = "", ...address] = curlOf("POST", path).split(/ (?='http)/);
  return [command, ...parts, ...address].join(" ");
}

/** The same by the command line. start: `onbeat flows run demo.greeting`. */
export function cliOfForm(start: string, fields: readonly [string, string | File][], secret: ReadonlySet<string>): string {
  const parts = fields.map(([name, value]) => {
    if (secret.has(name)) return `-i "${name}=$${variable(name)}"`;
    return typeof value === "string" ? `-i ${quoted(`${name}=${value}`)}` : `--file ${quoted(`${name}=${value.name}`)}`;
  });
  return [start, ...parts].join(" ");
}

const variable = (name: string): string => name.toUpperCase().replace(/\W/g, "_");

/** An instant of the API as a field for local time holds it (`2026-01-31T13:00:00`), and back; "" where it is none. */
export function localOf(instant: string): string {
  const ms = Date.parse(instant);
  if (!Number.isFinite(ms)) return "";
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function instantOf(local: string): string {
  const ms = local ? Date.parse(local) : Number.NaN;
  return Number.isFinite(ms) ? new Date(ms).toISOString().replace(".000Z", "Z") : "";
}
