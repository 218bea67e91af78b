import { Button, Group, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { asProblem } from "@/api/problem";
import { wrongPath } from "@/pages/namespaces/files/tree";
import css from "@/pages/namespaces/Namespaces.module.css";

interface PathFormProps {
  opened: boolean;
  title: string;
  /** What stands in the field at first. */
  path: string;
  action: string;
  onSubmit: (path: string) => Promise<void>;
  onClose: () => void;
}

/** Asks for a path: of a new file or folder, or where something is to be moved. */
export function PathForm({ opened, title, path, action, onSubmit, onClose }: PathFormProps) {
  const [text, setText] = useState(path);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!opened) return;
    setText(path);
    setWrong(null);
  }, [opened, path]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found = wrongPath(text);
    setWrong(found);
    if (found) return;
    setBusy(true);
    try {
      await onSubmit(text.trim());
      onClose();
    } catch (thrown) {
      setWrong(asProblem(thrown).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <form onSubmit={submit} className={css.form}>
        <TextInput
          label="Path"
          description="Slashes make folders: queries/daily.sql"
          data-autofocus
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={wrong}
        />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {action}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
