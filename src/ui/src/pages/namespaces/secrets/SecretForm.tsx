import { Button, Modal, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { wrongKey } from "@/pages/namespaces/kv/kv";
import css from "@/pages/namespaces/Namespaces.module.css";
import type { SecretRow } from "@/pages/namespaces/secrets/rows";
import { FormEnd } from "@/parts/FormEnd";
import { notify } from "@/parts/notify";

interface SecretFormProps {
  namespace: string;
  /** The one to replace; `new`: another one; null: none. */
  of: SecretRow | "new" | null;
  onClose: () => void;
}

/** Keep a secret, replace its value, or say what it is for. */
export function SecretForm({ namespace, of, onClose }: SecretFormProps) {
  return (
    <Modal opened={of !== null} onClose={onClose} title={of === "new" || of === null ? `New secret in ${namespace}` : `Replace ${of.key}`}>
      {of !== null && <Form namespace={namespace} of={of === "new" ? null : of} onClose={onClose} />}
    </Modal>
  );
}

function Form({ namespace, of, onClose }: { namespace: string; of: SecretRow | null; onClose: () => void }) {
  const [key, setKey] = useState(of?.key ?? "");
  const [value, setValue] = useState("");
  const [lines, setLines] = useState(false);
  const [description, setDescription] = useState(of?.description ?? "");
  const [tried, setTried] = useState(false);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => {
      const params = { path: { namespace, key } };
      if (of && value === "")
        return api.patch("/namespaces/{namespace}/secrets/{key}", { params, body: { description: description.trim(), tags: [] } });
      return api.put("/namespaces/{namespace}/secrets/{key}", { params, body: { value, description: description.trim(), tags: [] } });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["secrets"] });
      onClose();
      notify.done(of ? `${key} is saved.` : `${key} is kept in ${namespace}.`);
    },
  });
  const wrong = { key: of ? null : wrongKey(key)?.replace("value", "secret"), value: of || value ? null : "A secret has a value." };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!wrong.key && !wrong.value) save.mutate();
  };
  const field = {
    label: "Value",
    description: of ? "Empty: the value stays, only the description changes." : "Once kept it is never shown.",
    value,
    autoComplete: "off",
    error: tried ? wrong.value : null,
    "data-autofocus": of ? true : undefined,
  };
  return (
    <form onSubmit={submit} className={css.form} autoComplete="off">
      {!of && (
        <TextInput
          label="Name"
          placeholder="GITHUB_TOKEN"
          data-autofocus
          value={key}
          onChange={(event) => setKey(event.target.value)}
          error={tried ? wrong.key : null}
        />
      )}
      {lines ? (
        <Textarea {...field} autosize minRows={4} maxRows={14} onChange={(event) => setValue(event.target.value)} />
      ) : (
        <PasswordInput {...field} onChange={(event) => setValue(event.target.value)} />
      )}
      <Button variant="subtle" size="compact-xs" onClick={() => setLines((now) => !now)} className={css.start}>
        {lines ? "One line, hidden" : "Several lines, as of a key file"}
      </Button>
      <TextInput
        label="Description"
        placeholder="What it opens, who made it"
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
      <FormEnd save={save} onClose={onClose} />
    </form>
  );
}
