import { Button, Group } from "@mantine/core";
import { asProblem } from "@/api/problem";
import css from "@/parts/FormEnd.module.css";

interface FormEndProps {
  /** What became of the last try: its error is told. */
  save: { isError: boolean; isPending: boolean; error: unknown };
  onClose: () => void;
  label?: string;
}

/** How a form in a dialog ends: what was wrong, cancel, save. */
export function FormEnd({ save, onClose, label = "Save" }: FormEndProps) {
  return (
    <>
      {save.isError && (
        <p className={css.wrong} role="alert">
          {asProblem(save.error).message}
        </p>
      )}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending}>
          {label}
        </Button>
      </Group>
    </>
  );
}
