import { Button, Drawer, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { components } from "@/api/schema";
import { useMe } from "@/app/useMe";
import { type GrantRow, grantArgument, grantRows, grantsOf, makePassword, wrongPassword, wrongRows } from "@/pages/settings/grants";
import { PlaceRows } from "@/pages/settings/PlaceRows";
import css from "@/pages/settings/Settings.module.css";
import { TokenList } from "@/pages/settings/TokenList";
import { Confirm } from "@/parts/Confirm";
import { CopyAs, Copyable, curlOf } from "@/parts/Copy";
import { notify } from "@/parts/notify";
import { Section } from "@/parts/Page";

type User = components["schemas"]["UserShape"];
type Change = components["schemas"]["ChangedUser"];

/** A user: what he may, his password, his tokens, whether he is let in. */
export function UserDrawer({ user, onClose }: { user: User | undefined; onClose: () => void }) {
  return (
    <Drawer opened={user !== undefined} onClose={onClose} position="right" size="xl" title={user?.name}>
      {user && <Details key={user.name} user={user} onGone={onClose} />}
    </Drawer>
  );
}

function Details({ user, onGone }: { user: User; onGone: () => void }) {
  const me = useMe();
  const self = me?.user !== null && me?.user === user.name.toLowerCase();
  const [rows, setRows] = useState<GrantRow[]>(grantRows(user.grants));
  const [email, setEmail] = useState(user.email ?? "");
  const [password, setPassword] = useState("");
  const [made, setMade] = useState<string | null>(null);
  const [asked, setAsked] = useState<"delete" | "disable" | null>(null);
  useEffect(() => setRows(grantRows(user.grants)), [user.grants]);
  const queries = useQueryClient();
  const path = { name: user.name };
  const change = useMutation({
    mutationFn: (body: Partial<Change>) => api.patch("/users/{name}", { params: { path }, body: body as Change }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["users"] }),
    onError: notify.problem,
    onSettled: () => setAsked(null),
  });
  const remove = useMutation({
    mutationFn: () => api.delete("/users/{name}", { params: { path } }),
    onSuccess: async () => {
      onGone();
      notify.done(`${user.name} is removed.`);
      await queries.invalidateQueries({ queryKey: ["users"] });
    },
    onError: notify.problem,
    onSettled: () => setAsked(null),
  });
  const save = (body: Partial<Change>, done: string) => change.mutate(body, { onSuccess: () => notify.done(done) });
  const wrong = wrongRows(rows);
  const changed = JSON.stringify(grantsOf(rows)) !== JSON.stringify(grantsOf(grantRows(user.grants)));
  const cli = `onbeat users set ${user.name} ${rows.map((row) => `--grant ${grantArgument(row)}`).join(" ")}`;
  return (
    <>
      <Section title="Roles" actions={<CopyAs cli={cli} curl={curlOf("PATCH", `/users/${user.name}`, { grants: grantsOf(rows) })} />}>
        <PlaceRows kind="grant" rows={rows} onChange={setRows} />
        {wrong && <p className={css.wrong}>{wrong}</p>}
        {change.isError && <p className={css.wrong}>{asProblem(change.error).message}</p>}
        <Button
          disabled={!changed || wrong !== null}
          loading={change.isPending}
          onClick={() => save({ grants: grantsOf(rows) }, `What ${user.name} may is saved.`)}
        >
          Save roles
        </Button>
      </Section>
      <Section title="Mail">
        <form
          className={css.line}
          onSubmit={(event) => {
            event.preventDefault();
            save({ email: email.trim() || null }, "The mail address is saved.");
          }}
        >
          <TextInput
            aria-label="Mail address"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            className={css.grow}
          />
          <Button type="submit" variant="default" disabled={email.trim() === (user.email ?? "")}>
            Save
          </Button>
        </form>
      </Section>
      <Section title="Password">
        <form
          className={css.form}
          autoComplete="off"
          onSubmit={(event) => {
            event.preventDefault();
            if (wrongPassword(password)) return;
            save({ password }, `${user.name} has a new password. His sessions have ended.`);
            setPassword("");
          }}
        >
          <div className={css.line}>
            <PasswordInput
              aria-label="New password"
              placeholder={user.hasPassword ? "Another password" : "None yet: tokens only"}
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              error={password ? wrongPassword(password) : null}
              className={css.grow}
            />
            <Button
              variant="default"
              onClick={() => {
                const next = makePassword();
                setMade(next);
                setPassword(next);
              }}
            >
              Make one
            </Button>
            <Button type="submit" disabled={!password || wrongPassword(password) !== null}>
              Set
            </Button>
          </div>
          {made && <Copyable text={made} command />}
        </form>
      </Section>
      <TokenList user={user.name.toLowerCase()} />
      <Section title={user.disabled ? "He is not let in" : "Keep out"}>
        {self ? (
          <p className={css.dim}>This is you. Another admin disables or removes you.</p>
        ) : (
          <div className={css.line}>
            <Button
              variant="default"
              onClick={() => (user.disabled ? save({ disabled: false }, `${user.name} is let in.`) : setAsked("disable"))}
            >
              {user.disabled ? "Let in again" : "Disable"}
            </Button>
            <Button variant="default" color="red" onClick={() => setAsked("delete")}>
              Delete
            </Button>
          </div>
        )}
      </Section>
      <Confirm
        opened={asked === "disable"}
        title={`Disable ${user.name}?`}
        action="Disable"
        busy={change.isPending}
        onConfirm={() => save({ disabled: true }, `${user.name} is not let in.`)}
        onClose={() => setAsked(null)}
      >
        His sessions and tokens stop working at once. He can be let in again.
      </Confirm>
      <Confirm
        opened={asked === "delete"}
        title={`Delete ${user.name}?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsked(null)}
      >
        He goes with his tokens and sessions. What he did stays in the audit log.
      </Confirm>
    </>
  );
}
