/**
 * A form of a flow's inputs, checked by the server while somebody types.
 *
 *     <InputsForm mode="start" inputs={flow.inputs} namespace={flow.namespace} flow={flow.id} onDone={(execution) => …} />
 *     <InputsForm mode="replay" inputs={flow.inputs} … executionId={run.id} initial={run.inputs} revision={3} taskRunId={…} onDone={…} />
 *     <InputsForm mode="resume" inputs={pause.onResume} … executionId={run.id} onDone={…} />
 *     <InputsForm mode="review" inputs={approval.onResume} … executionId={run.id} decisions={["APPROVED", "DENIED"]} onDone={…} />
 *
 * A replay in which nothing was changed sends no inputs: the server takes those it has, secrets with them.
 * onDone hears the execution that was made, or the one that goes on. Ctrl-Enter sends.
 */
import { Button, Collapse, TagsInput, Textarea, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useMemo, useRef, useState } from "react";
import { raw, rawJson } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { Execution } from "@/api/types";
import { InputField } from "@/forms/InputField";
import css from "@/forms/InputsForm.module.css";
import { bodyOf, cliOfForm, curlOfForm, firstValues, instantOf, isEmpty, localOf, readSpec, sent } from "@/forms/inputs";
import { useExamined } from "@/forms/useExamined";
import { checkPathOf, commandOf, type FormMode, labelOf, pathOf, type Target } from "@/forms/ways";
import { CopyAs } from "@/parts/Copy";

export interface InputsFormProps {
  /** As the flow's JSON has them: `flow.inputs`, or `onResume` of the task that waits. */
  inputs: readonly Readonly<Record<string, unknown>>[];
  namespace: string;
  flow: string;
  mode: FormMode;
  /** Which execution is resumed, decided or repeated. */
  executionId?: string;
  /** The inputs of an execution that is repeated. */
  initial?: Readonly<Record<string, unknown>>;
  /** Start or repeat with this revision of the flow. */
  revision?: number;
  /** Repeat from this task run on. */
  taskRunId?: string;
  /** review: what can be decided, the first one approves. */
  decisions?: readonly string[];
  /** review: a decision needs a comment. */
  commentRequired?: boolean;
  submitLabel?: string;
  onDone: (execution: Execution) => void;
  onCancel?: () => void;
}

const LABELS: Record<FormMode, string> = { start: "Run", resume: "Resume", review: "Approve", replay: "Replay" };

export function InputsForm(props: InputsFormProps) {
  const { inputs, namespace, flow, mode, executionId, initial, revision, taskRunId, submitLabel = LABELS[mode], onDone, onCancel } = props;
  const { decisions = ["APPROVED", "DENIED"], commentRequired = false } = props;
  const specs = useMemo(() => inputs.map(readSpec), [inputs]);
  const [first] = useState(() => firstValues(specs, initial));
  const [values, setValues] = useState(first);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [labels, setLabels] = useState<readonly string[]>([]);
  const [scheduleDate, setScheduleDate] = useState("");
  const [comment, setComment] = useState("");
  const once = useRef(newKey());

  const target: Target = { mode, namespace, flow, executionId, revision, taskRunId, labels, scheduleDate };
  const known = useExamined(
    specs.length > 0 ? checkPathOf(target) : null,
    useMemo(() => sent(specs, values), [specs, values]),
  );
  const hidden = new Set([...known.inputs].filter(([, each]) => !each.enabled).map(([id]) => id));
  const shown = specs.filter((spec) => !hidden.has(spec.id));
  const fields = sent(specs, values, hidden);
  const unchanged =
    mode === "replay" &&
    JSON.stringify(sent(specs, first)) === JSON.stringify(fields) &&
    !fields.some(([, value]) => value instanceof File);
  const wrong = unchanged ? [] : shown.filter((spec) => known.inputs.get(spec.id)?.error);
  const blocking = known.checks.some((check) => check.behavior === "BLOCK_EXECUTION");
  const secret = new Set(specs.filter((spec) => spec.type === "SECRET").map((spec) => spec.id));

  const start = useMutation({
    mutationFn: async (decision: string | null): Promise<Execution> => {
      const body = bodyOf(unchanged ? [] : fields);
      if (decision) body.append("decision", decision);
      if (decision && comment) body.append("comment", comment);
      const none = [...body.keys()].length === 0;
      const headers: HeadersInit = mode === "start" ? { "Idempotency-Key": once.current } : {};
      const init = { method: "POST", headers, ...(none ? {} : { body }) };
      if (mode !== "review") return rawJson<Execution>(pathOf(target), init);
      await raw(pathOf(target), init);
      return rawJson<Execution>(`/executions/${executionId}`);
    },
    onSuccess: onDone,
  });

  const change = (id: string, value: (typeof values)[string]) => {
    once.current = newKey();
    setValues((before) => ({ ...before, [id]: value }));
    if (!isEmpty(value)) setTouched((before) => (before.has(id) ? before : new Set(before).add(id)));
  };
  const submit = (decision: string | null = mode === "review" ? (decisions[0] ?? "APPROVED") : null) => {
    setTried(true);
    // While it is looked at again nothing is held back: the server refuses what is wrong, and says why.
    if ((known.current && (wrong.length > 0 || blocking)) || start.isPending) return;
    start.mutate(decision);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
  };
  const path = pathOf(target);
  const command = commandOf(target, !unchanged);
  const copied = unchanged ? [] : fields;
  const problem = start.error ? asProblem(start.error) : null;

  return (
    <form
      className={css.form}
      aria-label={`Inputs of ${flow}`}
      noValidate
      onKeyDown={press}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit();
      }}
    >
      {specs.length === 0 && mode !== "review" && <p className={css.note}>It asks for no inputs.</p>}
      {shown.map((spec) => {
        const about = known.inputs.get(spec.id);
        return (
          <InputField
            key={spec.id}
            spec={spec}
            value={values[spec.id] ?? null}
            known={about}
            choices={known.choices.get(spec.id) ?? null}
            error={(tried || touched.has(spec.id)) && !unchanged ? (about?.error ?? null) : null}
            onChange={(value) => change(spec.id, value)}
            onLeave={() => !isEmpty(values[spec.id]) && setTouched((before) => new Set(before).add(spec.id))}
            onSubmit={submit}
          />
        );
      })}
      {mode === "review" && (
        <Textarea
          label="Comment"
          withAsterisk={commentRequired}
          autosize
          minRows={2}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      )}
      {mode === "start" && <More labels={labels} onLabels={setLabels} scheduleDate={scheduleDate} onScheduleDate={setScheduleDate} />}
      <div aria-live="polite">
        {known.checks.map((check) => (
          <p key={check.message} className={css.check} data-style={check.style}>
            {check.message}
          </p>
        ))}
      </div>
      {(problem || known.trouble) && (
        <p className={css.wrong} role="alert">
          {problem ? problem.detail || problem.title : `The inputs cannot be checked: ${known.trouble}`}
        </p>
      )}
      <div className={css.foot}>
        <Button
          type="submit"
          loading={start.isPending}
          disabled={known.current && (blocking || (tried && wrong.length > 0))}
          title="Ctrl-Enter"
        >
          {scheduleDate && mode === "start" ? "Schedule" : submitLabel}
        </Button>
        {mode === "review" &&
          decisions.slice(1).map((decision) => (
            <Button key={decision} variant="default" disabled={start.isPending} onClick={() => submit(decision)}>
              {decision === "DENIED" ? "Deny" : decision}
            </Button>
          ))}
        {onCancel && (
          <Button variant="subtle" color="gray" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <span className={css.last}>
          <CopyAs curl={curlOfForm(path, copied, secret)} cli={command === null ? undefined : cliOfForm(command, copied, secret)} />
        </span>
      </div>
    </form>
  );
}

interface MoreProps {
  labels: readonly string[];
  onLabels: (labels: readonly string[]) => void;
  scheduleDate: string;
  onScheduleDate: (at: string) => void;
}

/** Labels, and the time of a start that is to come later. */
function More({ labels, onLabels, scheduleDate, onScheduleDate }: MoreProps) {
  const [open, setOpen] = useState(false);
  const [bad, setBad] = useState<string | null>(null);
  const take = (typed: string[]) => {
    const made = typed.map(labelOf);
    setBad(made.includes(null) ? "Write a label as key:value." : null);
    onLabels(made.filter((each) => each !== null));
  };
  return (
    <>
      <UnstyledButton className={css.more} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconChevronRight className={css.chevron} aria-hidden /> More
      </UnstyledButton>
      <Collapse expanded={open}>
        <div className={css.extra}>
          <TagsInput
            label="Labels"
            description="The execution is found by them."
            placeholder={labels.length > 0 ? "" : "team:payments"}
            value={[...labels]}
            onChange={take}
            error={bad}
            splitChars={[","]}
          />
          <TextInput
            type="datetime-local"
            step={1}
            label="Start at"
            description="Empty: at once."
            value={localOf(scheduleDate)}
            onChange={(event) => onScheduleDate(instantOf(event.currentTarget.value))}
          />
        </div>
      </Collapse>
    </>
  );
}

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
