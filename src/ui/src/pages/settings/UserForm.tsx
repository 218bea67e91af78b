import { Button, Modal, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { type GrantRow, grantsOf, makePassword, wrongPassword, wrongRows, wrongUserName } from "@/pages/settings/grants";
import { PlaceRows } from "@/pages/settings/PlaceRows";
import css from "@/pages/settings/Settings.module.css";
import { Copyable } from "@/parts/Copy";
import { FormEnd } from "@/parts/FormEnd";
import { notify } from "@/parts/notify";

/** Make a user. */
export function UserForm({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="New user" size="lg">
      <Form onClose={onClose} />
    </Modal>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [made, setMade] = useState<string | null>(null);
  const [rows, setRows] = useState<GrantRow[]>([{ role: "viewer", namespace: "", topics: null }]);
  const [tried, setTried] = useState(false);
  const queries = useQueryClient();
  const wrong = { name: wrongUserName(name), password: password ? wrongPassword(password) : null, rows: wrongRows(rows) };
  const save = useMutation({
    mutationFn: () =>
      api.post("/users", { body: { name, email: email.trim() || null, password: password || null, grants: grantsOf(rows) } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["users"] });
      notify.done(`${name} may log in.`);
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!wrong.name && !wrong.password && !wrong.rows) save.mutate();
  };
  return (
    <form onSubmit={submit} className={css.form} autoComplete="off">
      <div className={css.two}>
        <TextInput
          label="Name"
          placeholder="ada"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={tried ? wrong.name : null}
        />
        <TextInput
          label="Mail"
          placeholder="To log in with instead of the name"
          type="email"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </div>
      <PasswordInput
        label="Password"
        description="Empty: no login by password, tokens only."
        autoComplete="new-password"
        value={password}
        onChange={(event) => {
          setPassword(event.target.value);
          setMade(null);
        }}
        error={tried ? wrong.password : null}
      />
      {made ? (
        <Copyable text={made} command />
      ) : (
        <Button
          variant="subtle"
          size="compact-sm"
          className={css.start}
          onClick={() => {
            const next = makePassword();
            setMade(next);
            setPassword(next);
          }}
        >
          Make a password
        </Button>
      )}
      <div>
        <span className={css.label}>Roles</span>
        <PlaceRows kind="grant" rows={rows} onChange={setRows} />
      </div>
      {tried && wrong.rows && <p className={css.wrong}>{wrong.rows}</p>}
      <FormEnd save={save} onClose={onClose} label="Make it" />
    </form>
  );
}
