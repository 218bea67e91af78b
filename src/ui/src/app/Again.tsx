import { Button, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { session } from "@/api/session";
import css from "@/app/Login.module.css";
import { LoginForm } from "@/app/LoginForm";
import { useEnded, useMe } from "@/app/useMe";

/** The session has ended while somebody works: the page stays with all that is written in it, and asks to log in again. */
export function Again() {
  const me = useMe();
  const ended = useEnded();
  const queries = useQueryClient();
  const leave = () => {
    session.set(null);
    location.reload();
  };
  return (
    <Modal
      opened={ended}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Your session has ended"
    >
      <p className={css.lead}>
        What is on the page stays as it is. Log in again and go on
        {me?.kind === "admin-token" ? ": as a user here, or as the admin by a new link in another tab." : "."}
      </p>
      <LoginForm name={me?.kind === "user" ? me.name : ""} onDone={() => void queries.invalidateQueries()} />
      <Button variant="subtle" color="gray" fullWidth onClick={leave} className={css.leave}>
        Leave the page
      </Button>
    </Modal>
  );
}
