import { Button, PasswordInput, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { session } from "@/api/session";
import { useMe } from "@/app/useMe";
import { grantText, PERMISSION_SAYS, PERMISSIONS, scopeText, wrongPassword } from "@/pages/settings/grants";
import css from "@/pages/settings/Settings.module.css";
import { TokenList } from "@/pages/settings/TokenList";
import { notify } from "@/parts/notify";
import { Section } from "@/parts/Page";

const KINDS: Record<string, string> = {
  "admin-token": "the server's admin, by its token",
  user: "a user",
  token: "an API token",
  anonymous: "nobody: access is off",
};

/** Who I am, what I may, my password, my tokens, my colours. */
export function MeTab() {
  const me = useMe();
  if (!me) return null;
  return (
    <div className={css.page}>
      <Section title={me.kind === "anonymous" ? "Access is off" : me.name}>
        <dl className={css.facts}>
          <dt>Logged in as</dt>
          <dd>{KINDS[me.kind] ?? me.kind}</dd>
          <dt>Roles</dt>
          <dd>
            {me.grants.length === 0 && "none"}
            {me.grants.map((grant) => (
              <div key={grantText(grant)}>{grantText(grant)}</div>
            ))}
          </dd>
          {me.scopes && (
            <>
              <dt>Cut down to</dt>
              <dd>
                {me.scopes.map((scope) => (
                  <div key={scopeText(scope)}>{scopeText(scope)}</div>
                ))}
              </dd>
            </>
          )}
        </dl>
        <table className={css.table} aria-label="What I may do, and where">
          <tbody>
            {PERMISSIONS.map((permission) => {
              const where = me.namespaces[permission];
              return (
                <tr key={permission}>
                  <td>{PERMISSION_SAYS[permission]}</td>
                  <td className={where === undefined ? css.faint : undefined}>
                    {where === undefined ? "no" : where === null ? "everywhere" : where.length === 0 ? "topics only" : where.join(", ")}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Section>
      {me.kind === "user" && <Password />}
      {me.kind !== "anonymous" && me.kind !== "token" && <TokenList user={me.user ?? null} own />}
      <Section title="Colours">
        <Colours />
      </Section>
    </div>
  );
}

function Colours() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      aria-label="Colours"
      value={colorScheme}
      onChange={(next) => setColorScheme(next as "auto" | "light" | "dark")}
      data={[
        { value: "auto", label: "As the system" },
        { value: "light", label: "Light" },
        { value: "dark", label: "Dark" },
      ]}
    />
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const wrong = wrongPassword(password);
  const change = useMutation({
    mutationFn: () => api.put("/me/password", { body: { current, password } }),
    onSuccess: async () => {
      notify.done("The password is changed. Log in again.");
      session.lost();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!wrong && current) change.mutate();
  };
  return (
    <Section title="Password">
      <form className={css.short} onSubmit={submit}>
        <PasswordInput
          label="The present one"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <PasswordInput
          label="The new one"
          description="All your sessions end, this one as well."
          autoComplete="new-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          error={tried ? wrong : null}
        />
        {change.isError && (
          <p className={css.wrong} role="alert">
            {asProblem(change.error).message}
          </p>
        )}
        <Button type="submit" variant="default" loading={change.isPending} className={css.start}>
          Change password
        </Button>
      </form>
    </Section>
  );
}
