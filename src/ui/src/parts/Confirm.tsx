import { Button, Group, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import css from "@/parts/Confirm.module.css";

interface ConfirmProps {
  opened: boolean;
  /** The question, with the name of what it is about. */
  title: string;
  /** The verb on the button. */
  action: string;
  /** What happens. */
  children?: ReactNode;
  busy?: boolean;
  /** It does not take anything away. */
  mild?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks once before something that cannot be undone. Enter does it, Escape does not. */
export function Confirm({ opened, title, action, children, busy = false, mild = false, onConfirm, onClose }: ConfirmProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      {children && <div className={css.text}>{children}</div>}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button color={mild ? undefined : "red"} onClick={onConfirm} loading={busy} data-autofocus>
          {action}
        </Button>
      </Group>
    </Modal>
  );
}
