import { Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { session } from "@/api/session";
import css from "@/app/Login.module.css";
import { Mark } from "@/app/Mark";
import { Copyable } from "@/parts/Copy";

/** The form for name and password; the admin's way in is the command line. */
export function Login() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      session.set(await api.post("/login", { body: { username, password } }));
    } catch (thrown) {
      setWrong(asProblem(thrown).detail || asProblem(thrown).title);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className={css.login}>
      <form className={css.form} onSubmit={submit}>
        <h1 className={css.title}>
          <Mark /> Log in to onbeat
        </h1>
        <TextInput
          label="Name"
          autoComplete="username"
          autoFocus
          required
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {wrong && (
          <p className={css.wrong} role="alert">
            {wrong}
          </p>
        )}
        <Button type="submit" loading={busy} fullWidth>
          Log in
        </Button>
        <p className={css.hint}>The admin logs in from the machine that the server runs on. This prints a link:</p>
        <Copyable text="onbeat login" command />
      </form>
    </main>
  );
}
