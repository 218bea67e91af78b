import { Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { session } from "@/api/session";
import css from "@/app/Login.module.css";
import { announce, keepPlace, oidcOffered } from "@/app/logins";
import { Copyable } from "@/parts/Copy";

interface LoginFormProps {
  /** Who it was before. */
  name?: string;
  onDone?: () => void;
}

/** Name and password; how else one can log in. After a wrong password the name stays; after too many one waits. */
export function LoginForm({ name = "", onDone }: LoginFormProps) {
  const [username, setUsername] = useState(name);
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const [until, setUntil] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const wait = useSecondsUntil(until, () => setUntil(null));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || wait > 0) return;
    setBusy(true);
    setWrong(null);
    try {
      session.set(await api.post("/login", { body: { username, password } }));
      announce();
      onDone?.();
    } catch (thrown) {
      const problem = asProblem(thrown);
      setUntil(problem.wait === null ? null : Date.now() + problem.wait * 1000);
      setWrong(problem.wait === null ? problem.message : "Too many logins failed.");
      setPassword("");
      setBusy(false);
      field.current?.focus();
    }
  };

  return (
    <form className={css.fields} onSubmit={submit}>
      <TextInput
        label="Name"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus={!name}
        data-autofocus={name ? undefined : true}
        required
        withAsterisk={false}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
      />
      <PasswordInput
        ref={field}
        label="Password"
        autoComplete="current-password"
        autoFocus={!!name}
        data-autofocus={name ? true : undefined}
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <p className={css.wrong} role="alert" hidden={!wrong}>
        {wrong}
        {wait > 0 && ` Try again in ${wait} s.`}
      </p>
      <Button type="submit" loading={busy} disabled={wait > 0} fullWidth>
        {wait > 0 ? `Wait ${wait} s` : "Log in"}
      </Button>
      {oidcOffered && (
        <Button component="a" href="/oidc/login" onClick={keepPlace} variant="default" fullWidth>
          Log in by your provider
        </Button>
      )}
      <p className={css.hint}>The admin logs in from the machine that the server runs on. This prints a link:</p>
      <Copyable text="onbeat login" command />
    </form>
  );
}

/** Whole seconds until then; 0 when it is there. */
function useSecondsUntil(until: number | null, onEnd: () => void): number {
  const [now, setNow] = useState(Date.now());
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    if (until === null) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= until) end.current();
    }, 250);
    return () => clearInterval(timer);
  }, [until]);
  return until === null ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
}
