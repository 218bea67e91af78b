/** What the form for a backfill holds, whether it can be sent, and the body that it makes. */

/** A declared input of the flow, as far as the form needs it. */
export interface Declared {
  id: string;
  type: string;
}

export interface BackfillForm {
  /** Instants in ISO 8601; end null: until now. */
  start: string | null;
  end: string | null;
  /** Input id to what was typed; empty: as the trigger says. */
  inputs: Readonly<Record<string, string>>;
  /** Each as `key:value`. */
  labels: readonly string[];
  paused: boolean;
}

export const EMPTY: BackfillForm = { start: null, end: null, inputs: {}, labels: [], paused: false };

export interface BackfillBody {
  start: string;
  end?: string;
  inputs?: Record<string, unknown>;
  labels?: Record<string, string>;
  paused?: boolean;
}

/** What is wrong with the form: a sentence for a field; empty when it can be sent. */
export function problemsOf(
  form: BackfillForm,
  declared: readonly Declared[],
  now: number,
): Partial<Record<"start" | "end" | "labels" | `inputs.${string}`, string>> {
  const found: Record<string, string> = {};
  const start = form.start === null ? Number.NaN : Date.parse(form.start);
  const end = form.end === null ? now : Date.parse(form.end);
  if (Number.isNaN(start)) found.start = "Say from when on.";
  else if (start > now) found.start = "A backfill runs times that are past: choose an earlier one.";
  else if (end <= start) found.end = "It ends before it starts: choose a later one.";
  for (const label of form.labels) if (labelOf(label) === null) found.labels = `Write a label as key:value; ${label} is none.`;
  for (const input of declared) {
    const wrong = inputProblem(input, form.inputs[input.id] ?? "");
    if (wrong) found[`inputs.${input.id}`] = wrong;
  }
  return found;
}

/** The body of `PUT /triggers/backfill/create`, for a form that has no problems. */
export function bodyOf(form: BackfillForm, declared: readonly Declared[]): BackfillBody {
  const inputs = Object.fromEntries(
    declared.flatMap((input) => {
      const text = form.inputs[input.id] ?? "";
      return text === "" ? [] : [[input.id, typedValue(input, text)]];
    }),
  );
  const labels = Object.fromEntries(form.labels.map(labelOf).filter((each) => each !== null));
  return {
    start: form.start ?? "",
    ...(form.end === null ? {} : { end: form.end }),
    ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(form.paused ? { paused: true } : {}),
  };
}

function labelOf(text: string): [string, string] | null {
  const cut = text.indexOf(":");
  return cut > 0 && cut < text.length - 1 ? [text.slice(0, cut).trim(), text.slice(cut + 1).trim()] : null;
}

const NUMBERS = new Set(["INT", "INTEGER", "FLOAT"]);
const JSONS = new Set(["JSON", "ARRAY", "MULTISELECT"]);

/** An expression is rendered by the server: `{{ trigger.date }}` fits every type. */
const isExpression = (text: string) => text.includes("{{");

function inputProblem({ type }: Declared, text: string): string | null {
  if (text === "" || isExpression(text)) return null;
  if (NUMBERS.has(type) && Number.isNaN(Number(text))) return "Write a number.";
  if (/^BOOL(EAN)?$/.test(type) && !/^(true|false)$/.test(text)) return "Write true or false.";
  if (JSONS.has(type)) {
    try {
      JSON.parse(text);
    } catch {
      return "Write JSON.";
    }
  }
  return null;
}

function typedValue({ type }: Declared, text: string): unknown {
  if (isExpression(text)) return text;
  if (NUMBERS.has(type)) return Number(text);
  if (/^BOOL(EAN)?$/.test(type)) return text === "true";
  return JSONS.has(type) ? JSON.parse(text) : text;
}

/** How far a backfill has come, 0 to 1. */
export const shareOf = ({ runs, total }: { runs: number; total: number }): number => (total > 0 ? Math.min(1, runs / total) : 0);

/** What a preview says: how many, the first and the last. */
export function previewText(total: number): string {
  if (total === 0) return "No time of the schedule is in this range.";
  return total === 1 ? "1 execution, for this time:" : `${total.toLocaleString()} executions, one after the other, for these times:`;
}

/** `onbeat backfill` for the same. */
export function commandOf(flow: string, trigger: string, body: BackfillBody): string {
  const quoted = (text: string) => (/^[\w.:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  return [
    `onbeat backfill ${flow} ${trigger} --start ${quoted(body.start)}`,
    ...(body.end ? [`--end ${quoted(body.end)}`] : []),
    ...Object.entries(body.inputs ?? {}).map(
      ([key, value]) => `-i ${quoted(`${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`,
    ),
    ...Object.entries(body.labels ?? {}).map(([key, value]) => `--label ${quoted(`${key}=${value}`)}`),
    ...(body.paused ? ["--pause"] : []),
  ].join(" ");
}
