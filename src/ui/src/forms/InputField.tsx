import {
  Autocomplete,
  FileInput,
  Input,
  MultiSelect,
  PasswordInput,
  Radio,
  SegmentedControl,
  Select,
  TagsInput,
  TextInput,
} from "@mantine/core";
import { type DragEvent, useId } from "react";
import { CodeEditor } from "@/editor/CodeEditor";
import css from "@/forms/InputsForm.module.css";
import { asText, type Choice, type Examined, type FieldValue, type InputSpec, instantOf, localOf, placeholderOf } from "@/forms/inputs";
import { Needed } from "@/forms/Needed";
import { durationText, parseDuration } from "@/parts/time";

interface InputFieldProps {
  spec: InputSpec;
  value: FieldValue;
  known: Examined | undefined;
  choices: readonly Choice[] | null;
  /** What is wrong with it, once that may be said. */
  error: string | null;
  onChange: (value: FieldValue) => void;
  onLeave: () => void;
  onSubmit: () => void;
}

const NATIVE = { DATE: "date", TIME: "time", DATETIME: "datetime-local" } as const;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** One input as a field of its type. */
export function InputField({ spec, value, known, choices, error, onChange, onLeave, onSubmit }: InputFieldProps) {
  const id = useId();
  const words = placeholderOf(spec, known);
  const hasDefault = known?.isDefault || spec.defaults !== null;
  const typed = typeof value === "string" ? value : "";
  const native = spec.type in NATIVE;
  const hints = [spec.description, spec.bounds, native && hasDefault && words && `default ${words}`, hintOf(spec, typed)].filter(Boolean);
  const common = {
    label: <Label spec={spec} needed={spec.required && !hasDefault} />,
    description: hints.length > 0 ? hints.join(" · ") : undefined,
    error,
    "aria-required": spec.required && !hasDefault,
    placeholder: words,
    onBlur: onLeave,
    inputWrapperOrder: ["label", "description", "input", "error"] as ("label" | "description" | "input" | "error")[],
  };
  const list = Array.isArray(value) ? [...(value as readonly string[])] : [];
  const options = (choices ?? spec.choices ?? []).map((each) => ({ ...each }));
  const boxed = { ...common, id, labelElement: "div" as const };

  switch (spec.type) {
    case "BOOLEAN":
    case "BOOL": {
      const shown = typed || (known?.isDefault ? asText(known.value) : "");
      const data = [
        ...(spec.required || hasDefault ? [] : [{ value: "", label: "Not set" }]),
        { value: "true", label: "True" },
        { value: "false", label: "False" },
      ];
      return (
        <Input.Wrapper {...boxed}>
          <SegmentedControl
            aria-label={spec.label}
            data={data}
            value={shown}
            onChange={(next) => onChange(next)}
            className={css.segments}
          />
        </Input.Wrapper>
      );
    }
    case "SELECT":
    case "ENUM":
      if (spec.radio && !spec.allowCustom)
        return (
          <Radio.Group {...common} value={typed || (known?.isDefault ? asText(known.value) : "")} onChange={onChange}>
            <div className={css.radios}>
              {options.map((each) => (
                <Radio key={each.value} size="xs" value={each.value} label={each.label} />
              ))}
            </div>
          </Radio.Group>
        );
      if (spec.allowCustom)
        return <Autocomplete {...common} data={[...new Set(options.map((each) => each.value))]} value={typed} onChange={onChange} />;
      return <Select {...common} data={options} value={typed || null} onChange={onChange} searchable={options.length > 8} clearable />;
    case "MULTISELECT":
      if (spec.allowCustom)
        return <TagsInput {...common} data={options.map((each) => each.value)} value={list} onChange={onChange} splitChars={[]} />;
      return (
        <MultiSelect
          {...common}
          placeholder={list.length > 0 ? "" : words}
          data={options}
          value={list}
          onChange={onChange}
          searchable
          clearable
        />
      );
    case "ARRAY":
      if (!["JSON", "YAML", "FILE"].includes(spec.itemType ?? "STRING"))
        return (
          <TagsInput
            {...common}
            placeholder={list.length > 0 ? "" : words || "Write one, then press Enter"}
            value={list}
            onChange={onChange}
            splitChars={[]}
            allowDuplicates
            acceptValueOnBlur
          />
        );
      return (
        <Code
          {...boxed}
          spec={spec}
          language="json"
          value={typed || (list.length > 0 ? JSON.stringify(list) : "")}
          onChange={onChange}
          onSubmit={onSubmit}
        />
      );
    case "JSON":
    case "OBJECT":
    case "YAML":
      return (
        <Code
          {...boxed}
          spec={spec}
          language={spec.type === "YAML" ? "yaml" : "json"}
          value={typed}
          onChange={onChange}
          onSubmit={onSubmit}
        />
      );
    case "FILE":
      return <FileField {...common} spec={spec} value={value} onChange={onChange} />;
    case "SECRET":
      return (
        <PasswordInput {...common} autoComplete="new-password" value={typed} onChange={(event) => onChange(event.currentTarget.value)} />
      );
    case "DATE":
    case "TIME":
    case "DATETIME": {
      const local = spec.type === "DATETIME";
      return (
        <TextInput
          {...common}
          type={NATIVE[spec.type]}
          step={1}
          value={local ? localOf(typed) : typed}
          onChange={(event) => onChange(local ? instantOf(event.currentTarget.value) : event.currentTarget.value)}
        />
      );
    }
    default:
      return (
        <TextInput
          {...common}
          inputMode={({ INT: "numeric", FLOAT: "decimal", EMAIL: "email", URI: "url" } as const)[spec.type as "INT"]}
          autoComplete="off"
          spellCheck={spec.type === "STRING"}
          value={typed}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

/** What a value that was typed means. */
function hintOf(spec: InputSpec, typed: string): string | null {
  if (spec.type === "DURATION" && typed) {
    const ms = parseDuration(typed);
    return Number.isFinite(ms) ? durationText(ms) : null;
  }
  return spec.type === "DATETIME" ? `your time, ${zone}` : null;
}

function Label({ spec, needed }: { spec: InputSpec; needed: boolean }) {
  return (
    <span className={css.label}>
      <span>
        {spec.label}
        {needed && <Needed />}
      </span>
      {spec.label !== spec.id && (
        <code className={css.id} aria-hidden>
          {spec.id}
        </code>
      )}
      <span className={css.type} aria-hidden>
        {spec.itemType ? `${spec.type} of ${spec.itemType}` : spec.type}
      </span>
    </span>
  );
}

interface CodeProps {
  spec: InputSpec;
  language: "json" | "yaml";
  value: string;
  placeholder: string;
  error: string | null;
  onChange: (value: FieldValue) => void;
  onSubmit: () => void;
}

function Code({ spec, language, value, placeholder, onChange, onSubmit, ...wrapper }: CodeProps & { id: string }) {
  const place = /[Ll]ine (\d+), column (\d+): (.*)/.exec(wrapper.error ?? "");
  const problems = place
    ? [{ line: Number(place[1]), column: Number(place[2]), message: place[3] ?? "", severity: "error" as const }]
    : NO_PROBLEMS;
  return (
    <Input.Wrapper {...wrapper}>
      <CodeEditor
        field
        language={language}
        label={spec.label}
        value={value}
        placeholder={placeholder}
        onChange={onChange}
        onSubmit={onSubmit}
        problems={problems}
        wrong={wrapper.error !== null}
      />
    </Input.Wrapper>
  );
}

const NO_PROBLEMS: never[] = [];

function FileField({
  spec,
  value,
  onChange,
  placeholder,
  ...common
}: {
  spec: InputSpec;
  value: FieldValue;
  placeholder: string;
  onChange: (value: FieldValue) => void;
}) {
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file) onChange(file);
  };
  const stored = typeof value === "string" && value !== "" ? value : null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files are dropped on it; the button inside does the same
    <div onDragOver={(event) => event.preventDefault()} onDrop={dropped}>
      <FileInput
        {...common}
        placeholder={stored ?? (placeholder || "Choose a file, or drop one here")}
        accept={spec.extensions.join(",") || undefined}
        value={value instanceof File ? value : null}
        onChange={onChange}
        clearable
      />
    </div>
  );
}
