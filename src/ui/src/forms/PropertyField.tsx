import { ActionIcon, Autocomplete, Input, SegmentedControl, TagsInput, Textarea, TextInput, Tooltip } from "@mantine/core";
import { IconBraces } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { CodeEditor } from "@/editor/CodeEditor";
import type { Property, Schemas } from "@/editor/schema";
import { Needed } from "@/forms/Needed";
import css from "@/forms/NoCode.module.css";
import { shownValue, typedValue, type Widget, widgetOf } from "@/forms/outline";

interface PropertyFieldProps {
  property: Property;
  schemas: Schemas;
  value: unknown;
  readOnly: boolean;
  /** undefined takes it away. */
  onChange: (value: unknown) => void;
}

const SETTLE = 300;
const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every((each) => typeof each === "string");

/** A property as a field of its kind; an expression may stand in every one. */
export function PropertyField({ property, schemas, value, readOnly, onChange }: PropertyFieldProps) {
  const made = widgetOf(schemas, property);
  const [asExpression, setAsExpression] = useState(false);
  const written = typeof value === "string" && /\{[{%]/.test(value) && made !== "yaml";
  const widget: Widget = written || asExpression ? "text" : fitting(made, value);
  const switchable = (made === "flag" || made === "words") && !readOnly;
  const label = (
    <Label property={property}>
      {switchable && (
        <Tooltip label={written || asExpression ? "As a value" : "As an expression"}>
          <ActionIcon
            size="xs"
            aria-label={written || asExpression ? `${property.name} as a value` : `${property.name} as an expression`}
            aria-pressed={written || asExpression}
            onClick={() => {
              if (written) onChange(undefined);
              setAsExpression(!(written || asExpression));
            }}
          >
            <IconBraces className={css.icon} />
          </ActionIcon>
        </Tooltip>
      )}
    </Label>
  );
  const common = {
    label,
    description: property.description ? <Description text={property.description} /> : undefined,
  };
  const placeholder =
    property.default === undefined || property.default === null || property.default === "" ? "" : shownValue("text", property.default);

  if (widget === "flag") {
    const data = [
      { value: "", label: placeholder ? `Default: ${placeholder}` : "Not set" },
      { value: "true", label: "True" },
      { value: "false", label: "False" },
    ];
    return (
      <Input.Wrapper {...common} labelElement="div">
        <SegmentedControl
          className={css.segments}
          aria-label={property.name}
          data={data}
          value={value === undefined || value === null ? "" : String(value)}
          readOnly={readOnly}
          onChange={(next) => onChange(typedValue("flag", next).value)}
        />
      </Input.Wrapper>
    );
  }
  if (widget === "words")
    return (
      <TagsInput
        {...common}
        placeholder={isList(value) && value.length > 0 ? "" : "Write one, then press Enter"}
        value={isList(value) ? value : []}
        readOnly={readOnly}
        splitChars={[]}
        acceptValueOnBlur
        onChange={(next) => onChange(next.length > 0 ? next : undefined)}
      />
    );
  return (
    <Typed
      key={widget}
      widget={widget}
      words={widget === "word" ? schemas.valuesOf([property.schema]) : []}
      name={property.name}
      common={{ ...common, placeholder, readOnly }}
      value={value}
      onChange={onChange}
    />
  );
}

/** A value that the widget cannot hold is shown as YAML. */
function fitting(widget: Widget, value: unknown): Widget {
  if (widget === "tasks") return "yaml";
  if (value === undefined || value === null || widget === "yaml") return widget;
  if (widget === "words") return isList(value) ? "words" : "yaml";
  if (widget === "flag") return typeof value === "boolean" ? "flag" : "text";
  return typeof value === "object" ? "yaml" : widget;
}

interface TypedProps {
  widget: Widget;
  words: string[];
  name: string;
  common: { label: ReactNode; description: ReactNode; placeholder: string; readOnly: boolean };
  value: unknown;
  onChange: (value: unknown) => void;
}

/** A field that is typed into: what is typed goes into the text a moment after the last key, or when the field is left. */
function Typed({ widget, words, name, common, value, onChange }: TypedProps) {
  const shown = shownValue(widget, value);
  const [typed, setTyped] = useState(shown);
  const told = useRef(shown);
  const wait = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [error, setError] = useState<string | null>(null);
  const hear = useRef(onChange);
  hear.current = onChange;

  // What changed elsewhere is shown; what this field told itself is not.
  useEffect(() => {
    if (shown === told.current) return;
    told.current = shown;
    setTyped(shown);
    setError(null);
  }, [shown]);

  const commit = (next: string) => {
    clearTimeout(wait.current);
    if (next === told.current) return;
    const read = typedValue(widget, next);
    setError(read.error ?? null);
    if (read.error !== undefined) return;
    told.current = shownValue(widget, read.value);
    hear.current(read.value);
  };
  const latest = useRef({ typed, commit });
  latest.current = { typed, commit };
  useEffect(() => () => latest.current.commit(latest.current.typed), []);
  const type = (next: string) => {
    setTyped(next);
    clearTimeout(wait.current);
    wait.current = setTimeout(() => commit(next), SETTLE);
  };
  const leave = () => commit(typed);

  if (widget === "yaml")
    return (
      <Input.Wrapper label={common.label} description={common.description} error={error} labelElement="div" onBlur={leave}>
        <CodeEditor
          field
          language="yaml"
          label={name}
          value={typed}
          placeholder={common.placeholder}
          readOnly={common.readOnly}
          onChange={type}
          wrong={error !== null}
        />
      </Input.Wrapper>
    );
  if (widget === "word") return <Autocomplete {...common} data={words} value={typed} onChange={type} onBlur={leave} spellCheck={false} />;
  if (widget === "number")
    return <TextInput {...common} inputMode="decimal" value={typed} onChange={(event) => type(event.currentTarget.value)} onBlur={leave} />;
  return (
    <Textarea
      {...common}
      autosize
      minRows={1}
      maxRows={16}
      spellCheck={false}
      className={/\n|\{\{/.test(typed) ? css.mono : undefined}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={leave}
    />
  );
}

function Label({ property, children }: { property: Property; children: ReactNode }) {
  return (
    <span className={css.label}>
      <span>
        {property.name}
        {property.required && <Needed />}
      </span>
      <span className={css.kind} aria-hidden>
        {property.kind.length > 40 ? "" : property.kind}
      </span>
      {children}
    </span>
  );
}

/** The first sentence, all of it on hover. */
function Description({ text }: { text: string }) {
  const first = text.split(/\n\n|(?<=[.:])\s/)[0] ?? "";
  return first === text ? (
    text
  ) : (
    <Tooltip label={text}>
      <span>{first} …</span>
    </Tooltip>
  );
}
