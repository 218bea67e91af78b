import { Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { api } from "@/api/client";
import css from "@/pages/namespaces/Namespaces.module.css";
import { wrongName } from "@/pages/namespaces/names";
import { FormEnd } from "@/parts/FormEnd";
import { notify } from "@/parts/notify";

interface NamespaceFormProps {
  opened: boolean;
  onClose: () => void;
  /** What there is; without it a namespace is made. */
  of?: { id: string; description?: string | null };
  /** How the name of a new one begins. */
  below?: string;
}

/** Make a namespace, or say what one is for. */
export function NamespaceForm({ opened, onClose, of, below }: NamespaceFormProps) {
  const [id, setId] = useState("");
  const [description, setDescription] = useState("");
  const [touched, setTouched] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    if (!opened) return;
    setId(of?.id ?? (below ? `${below}.` : ""));
    setDescription(of?.description ?? "");
    setTouched(false);
  }, [opened, of, below]);

  const save = useMutation({
    mutationFn: () => {
      const body = { id, description: description.trim() || null };
      return of ? api.put("/namespaces/{namespace}", { params: { path: { namespace: of.id } }, body }) : api.post("/namespaces", { body });
    },
    onSuccess: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["namespaces"] }),
        queries.invalidateQueries({ queryKey: ["namespace", id] }),
      ]);
      onClose();
      notify.done(of ? "The description is saved." : `Namespace ${id} is made.`);
      if (!of) void navigate({ to: "/namespaces/$namespace", params: { namespace: id }, search: {} });
    },
  });
  const wrong = of ? null : wrongName(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (!wrong) save.mutate();
  };

  return (
    <Modal opened={opened} onClose={onClose} title={of ? `Describe ${of.id}` : "New namespace"}>
      <form onSubmit={submit} className={css.form}>
        {!of && (
          <TextInput
            label="Name"
            description="A dot puts it below another: shop.orders sees what shop has."
            data-autofocus
            value={id}
            onChange={(event) => setId(event.target.value)}
            onBlur={() => setTouched(id !== "")}
            error={touched ? wrong : null}
          />
        )}
        <Textarea
          label="Description"
          description="Markdown: what it is for, whom to ask."
          autosize
          minRows={3}
          maxRows={12}
          data-autofocus={of ? true : undefined}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
        <FormEnd save={save} onClose={onClose} label={of ? "Save" : "Make it"} />
      </form>
    </Modal>
  );
}
