import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { scopeText } from "@/pages/settings/grants";
import css from "@/pages/settings/Settings.module.css";
import { TokenForm } from "@/pages/settings/TokenForm";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";
import { Section } from "@/parts/Page";
import { Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

type Token = components["schemas"]["TokenShape"];

interface TokenListProps {
  /** Whose; null: those of the admin's token; undefined: all. */
  user?: string | null;
  /** They are the caller's own. */
  own?: boolean;
}

/** Tokens with what each may and when it was used; make one, revoke one. */
export function TokenList({ user, own = false }: TokenListProps) {
  const [making, setMaking] = useState(false);
  const [gone, setGone] = useState<Token | null>(null);
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["tokens", user ?? "all"],
    queryFn: () => api.get("/tokens", { params: { query: user ? { user } : {} } }),
  });
  const revoke = useMutation({
    mutationFn: (token: Token) => api.delete("/tokens/{id}", { params: { path: { id: token.id } } }),
    onSuccess: (_, token) => {
      notify.done(`${token.name} is revoked.`);
      return queries.invalidateQueries({ queryKey: ["tokens"] });
    },
    onError: notify.problem,
    onSettled: () => setGone(null),
  });
  const rows = (found.data?.results ?? []).filter((token) => user === undefined || token.user === user);
  return (
    <Section
      title={own ? "My tokens" : "Tokens"}
      actions={
        <Button variant={own ? "default" : "filled"} leftSection={<IconPlus className={css.icon} />} onClick={() => setMaking(true)}>
          New token
        </Button>
      }
    >
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading rows={3} />
      ) : rows.length === 0 ? (
        <p className={css.dim}>A program calls the API with a token: it may at most what its owner may, and it ends when it is revoked.</p>
      ) : (
        <div className={css.scroll}>
          <table className={css.table}>
            <thead>
              <tr>
                <th>Name</th>
                {user === undefined && <th>Owner</th>}
                <th>May</th>
                <th>Ends</th>
                <th>Used</th>
                <th>
                  <span className={css.hidden}>Revoke</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((token) => (
                <tr key={token.id}>
                  <td>{token.name}</td>
                  {user === undefined && <td className={css.dim}>{token.user ?? "the admin's token"}</td>}
                  <td>
                    {token.scopes === null
                      ? "all that its owner may"
                      : token.scopes.map((scope) => <div key={scopeText(scope)}>{scopeText(scope)}</div>)}
                  </td>
                  <td>{token.expires ? <TimeAgo at={token.expires} /> : "never"}</td>
                  <td className={css.dim}>{token.used ? <TimeAgo at={token.used} /> : "never"}</td>
                  <td data-right>
                    <Button
                      variant="subtle"
                      color="red"
                      size="compact-xs"
                      aria-label={`Revoke ${token.name}`}
                      onClick={() => setGone(token)}
                    >
                      Revoke
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <TokenForm opened={making} onClose={() => setMaking(false)} owners={!own} user={own ? null : (user ?? null)} />
      <Confirm
        opened={gone !== null}
        title={`Revoke the token ${gone?.name}?`}
        action="Revoke"
        busy={revoke.isPending}
        onConfirm={() => gone && revoke.mutate(gone)}
        onClose={() => setGone(null)}
      >
        Programs that call with it are refused at once. It cannot be brought back.
      </Confirm>
    </Section>
  );
}
