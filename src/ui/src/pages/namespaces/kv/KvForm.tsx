import { Modal, SegmentedControl, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { raw } from "@/api/client";
import type { components } from "@/api/schema";
import { CodeEditor } from "@/editor/CodeEditor";
import own from "@/pages/namespaces/kv/Kv.module.css";
import {
  bodyOf,
  type Expiry,
  TYPE_HINTS,
  TYPE_WORDS,
  TYPES,
  textOf,
  ttlOf,
  type ValueType,
  wrongDescription,
  wrongKey,
} from "@/pages/namespaces/kv/kv";
import css from "@/pages/namespaces/Namespaces.module.css";
import { FormEnd } from "@/parts/FormEnd";
import { notify } from "@/parts/notify";
import { exactText } from "@/parts/time";

interface KvFormProps {
  namespace: string;
  opened: boolean;
  onClose: () => void;
  /** What there is; without it a value is made. */
  of?: { line: components["schemas"]["ValueLine"]; type: ValueType; value: unknown };
  /** Keys that there are, of a new one. */
  taken?: readonly string[];
}

/** Make a value, or put another one in its place. */
export function KvForm({ opened, onClose, of, ...rest }: KvFormProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={of ? `Edit ${of.line.key}` : `New value in ${rest.namespace}`} size="lg">
      <Form of={of} onClose={onClose} {...rest} />
    </Modal>
  );
}

const AFTER = [
  { value: "PT1H", label: "In an hour" },
  { value: "P1D", label: "In a day" },
  { value: "P7D", label: "In a week" },
  { value: "P30D", label: "In 30 days" },
  { value: "other", label: "After …" },
];

function Form({ namespace, of, taken = [], onClose }: Omit<KvFormProps, "opened">) {
  const [key, setKey] = useState(of?.line.key ?? "");
  const [type, setType] = useState<ValueType>(of?.type ?? "STRING");
  const [text, setText] = useState(of ? textOf(of.type, of.value) : "");
  const [description, setDescription] = useState(of?.line.description ?? "");
  const until = of?.line.expirationDate ? Date.parse(of.line.expirationDate) : null;
  const [expiry, setExpiry] = useState<Expiry>(until === null ? { kind: "never" } : { kind: "keep", until });
  const [other, setOther] = useState(false);
  const [tried, setTried] = useState(false);
  const queries = useQueryClient();
  const body = bodyOf(type, text);
  const ttl = ttlOf(expiry, Date.now());
  const wrong = {
    key: of ? null : (wrongKey(key) ?? (taken.includes(key) ? "There is a value under this key. Edit that one." : null)),
    value: body.wrong ?? null,
    ttl: ttl.wrong ?? null,
    description: wrongDescription(description),
  };
  const save = useMutation({
    mutationFn: () => {
      const headers = new Headers({ "Content-Type": "application/json" });
      if (of || description.trim()) headers.set("description", description.trim());
      if (ttl.ttl) headers.set("ttl", ttl.ttl);
      return raw(`/namespaces/${encodeURIComponent(namespace)}/kv/${encodeURIComponent(key)}`, { method: "PUT", headers, body: body.body });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["kv"] });
      onClose();
      notify.done(`${key} is kept in ${namespace}.`);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text is another try
  useEffect(() => save.reset(), [text, type, key]);

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    setTried(true);
    if (!Object.values(wrong).some(Boolean)) save.mutate();
  };
  const shownWrong = tried || (text !== "" && type !== "STRING") ? wrong.value : null;
  const chosen = expiry.kind === "for" ? (other ? "other" : expiry.duration) : expiry.kind;

  return (
    <form onSubmit={submit} className={css.form}>
      <div className={own.two}>
        <TextInput
          label="Key"
          readOnly={of !== undefined}
          data-autofocus={of ? undefined : true}
          value={key}
          onChange={(event) => setKey(event.target.value)}
          error={tried || taken.includes(key) ? wrong.key : null}
        />
        <Select
          label="Type"
          data={TYPES.map((each) => ({ value: each, label: TYPE_WORDS[each] }))}
          value={type}
          allowDeselect={false}
          onChange={(next) => setType((next ?? "STRING") as ValueType)}
        />
      </div>
      {type === "BOOLEAN" ? (
        <div>
          <span className={own.label}>Value</span>
          <SegmentedControl
            aria-label="Value"
            data={["true", "false"]}
            value={text === "true" ? "true" : text === "false" ? "false" : ""}
            onChange={setText}
          />
        </div>
      ) : type === "JSON" ? (
        <div>
          <span className={own.label}>Value</span>
          <CodeEditor
            field
            language="json"
            label="Value"
            value={text}
            onChange={setText}
            onSave={submit}
            onSubmit={submit}
            placeholder={TYPE_HINTS.JSON}
            wrong={!!shownWrong}
          />
          {shownWrong && <p className={css.wrong}>{shownWrong}</p>}
        </div>
      ) : type === "STRING" ? (
        <Textarea
          label="Value"
          autosize
          minRows={2}
          maxRows={14}
          data-autofocus={of ? true : undefined}
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={shownWrong}
        />
      ) : (
        <TextInput
          label="Value"
          placeholder={TYPE_HINTS[type]}
          data-autofocus={of ? true : undefined}
          inputMode={type === "NUMBER" ? "decimal" : undefined}
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={shownWrong}
        />
      )}
      <div className={own.two}>
        <Select
          label="Ends"
          data={[
            { value: "never", label: "Never" },
            ...(until === null ? [] : [{ value: "keep", label: `As before: ${exactText(until)}` }]),
            ...AFTER,
          ]}
          value={chosen}
          allowDeselect={false}
          onChange={(next) => {
            setOther(next === "other");
            if (next === "keep" && until !== null) setExpiry({ kind: "keep", until });
            else if (next === "never" || next === null) setExpiry({ kind: "never" });
            else setExpiry({ kind: "for", duration: next === "other" ? "PT10M" : next });
          }}
          error={other ? null : wrong.ttl}
        />
        {other && expiry.kind === "for" && (
          <TextInput
            label="After"
            placeholder="PT10M"
            value={expiry.duration}
            onChange={(event) => setExpiry({ kind: "for", duration: event.target.value })}
            error={wrong.ttl}
          />
        )}
      </div>
      <TextInput
        label="Description"
        value={description}
        onChange={(event) => setDescription(event.target.value)}
        error={wrong.description}
      />
      <FormEnd save={save} onClose={onClose} />
    </form>
  );
}
