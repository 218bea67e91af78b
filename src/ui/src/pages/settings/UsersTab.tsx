import { Badge, Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { useCommands } from "@/app/commands";
import { grantText } from "@/pages/settings/grants";
import css from "@/pages/settings/Settings.module.css";
import { UserDrawer } from "@/pages/settings/UserDrawer";
import { UserForm } from "@/pages/settings/UserForm";
import { type Column, DataTable } from "@/parts/DataTable";
import { Empty, Failed, Loading } from "@/parts/Shown";
import { TimeAgo } from "@/parts/Time";

type User = components["schemas"]["UserShape"];

/** Who may log in, and what each may. */
export default function UsersTab() {
  const { user } = useSearch({ from: "/settings" });
  const navigate = useNavigate({ from: "/settings" });
  const [making, setMaking] = useState(false);
  const found = useQuery({ queryKey: ["users"], queryFn: () => api.get("/users") });
  useCommands(useMemo(() => [{ id: "users:new", label: "New user", run: () => setMaking(true) }], []));
  const columns: Column<User>[] = [
    {
      id: "name",
      title: "Name",
      width: "minmax(9rem, 2fr)",
      cell: (row) => (
        <span title={row.name}>
          {row.name}
          {row.disabled && (
            <Badge variant="default" size="sm" radius="sm" className={css.after}>
              disabled
            </Badge>
          )}
        </span>
      ),
    },
    { id: "grants", title: "May", width: "minmax(10rem, 4fr)", cell: (row) => <Grants grants={row.grants} /> },
    { id: "email", title: "Mail", width: "minmax(8rem, 2fr)", wide: true, cell: (row) => <span className={css.dim}>{row.email}</span> },
    {
      id: "password",
      title: "Password",
      width: "6rem",
      wide: true,
      cell: (row) => (row.hasPassword ? "yes" : <span className={css.dim}>tokens only</span>),
    },
    { id: "updated", title: "Changed", width: "6rem", right: true, wide: true, cell: (row) => <TimeAgo at={row.updated} /> },
  ];
  const users = found.data?.results ?? [];
  const add = (
    <Button leftSection={<IconPlus className={css.icon} />} onClick={() => setMaking(true)}>
      New user
    </Button>
  );
  return (
    <div className={css.pane}>
      <div className={css.bar}>
        <span className={css.dim}>A role in a namespace holds for those below it. Without a namespace it holds everywhere.</span>
        <span data-end>{add}</span>
      </div>
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading />
      ) : users.length === 0 ? (
        <Empty title="There is no user yet" action={add} command="onbeat users add ada@example.org --grant editor:shop">
          Until there is one, whoever has the admin's token does everything.
        </Empty>
      ) : (
        <DataTable
          label="Users"
          rows={users}
          columns={columns}
          keyOf={(row) => row.name}
          linkOf={(row) => ({ to: "/settings", search: { tab: "users", user: row.name } })}
        />
      )}
      <UserForm opened={making} onClose={() => setMaking(false)} />
      <UserDrawer
        user={user ? users.find((each) => each.name === user) : undefined}
        onClose={() => void navigate({ search: { tab: "users" } })}
      />
    </div>
  );
}

function Grants({ grants }: { grants: User["grants"] }) {
  if (grants.length === 0) return <span className={css.faint}>nothing</span>;
  const text = grants.map(grantText).join("; ");
  return <span title={text}>{text}</span>;
}
