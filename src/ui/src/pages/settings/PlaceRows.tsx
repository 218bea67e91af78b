import { ActionIcon, Autocomplete, Button, MultiSelect, Select, TagsInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import {
  type GrantRow,
  PERMISSION_SAYS,
  PERMISSIONS,
  type Permission,
  ROLE_SAYS,
  ROLES,
  type Role,
  type ScopeRow,
  wrongPlace,
} from "@/pages/settings/grants";
import css from "@/pages/settings/Settings.module.css";

type PlaceRowsProps =
  | { kind: "grant"; rows: GrantRow[]; onChange: (rows: GrantRow[]) => void }
  | { kind: "scope"; rows: ScopeRow[]; onChange: (rows: ScopeRow[]) => void };

/** Rows of what may be done where: a role for users, permissions for tokens; a namespace; topics. */
export function PlaceRows(props: PlaceRowsProps) {
  const namespaces = useQuery({
    queryKey: ["namespaces"],
    queryFn: () => api.get("/namespaces/search", { params: { query: { size: 1000 } } }),
  });
  const names = (namespaces.data?.results ?? []).map((each) => each.id);
  const { rows } = props;
  const change = (index: number, more: Partial<GrantRow & ScopeRow>) => {
    const next = rows.map((row, at) => (at === index ? { ...row, ...more } : row));
    (props.onChange as (rows: typeof next) => void)(next);
  };
  const remove = (index: number) => (props.onChange as (next: typeof rows) => void)(rows.filter((_, at) => at !== index) as typeof rows);
  const add = () => {
    const place = { namespace: "", topics: null };
    if (props.kind === "grant") props.onChange([...props.rows, { role: "viewer", ...place }]);
    else props.onChange([...props.rows, { permissions: ["read"], ...place }]);
  };
  return (
    <div className={css.rows}>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name, and are not moved
        <fieldset key={index} className={css.placeRow} aria-label={`${props.kind === "grant" ? "Role" : "Scope"} ${index + 1}`}>
          {"role" in row ? (
            <Select
              label="Role"
              data={ROLES.map((role) => ({ value: role, label: role }))}
              value={row.role}
              allowDeselect={false}
              onChange={(next) => change(index, { role: (next ?? "viewer") as Role })}
            />
          ) : (
            <MultiSelect
              label="Permissions"
              data={PERMISSIONS.map((each) => ({ value: each, label: PERMISSION_SAYS[each] }))}
              value={row.permissions}
              onChange={(next) => change(index, { permissions: next as Permission[] })}
            />
          )}
          <Autocomplete
            label="Namespace"
            placeholder="all"
            data={names}
            value={row.namespace}
            onChange={(next) => change(index, { namespace: next })}
            error={wrongPlace(row)}
          />
          <TagsInput
            label="Topics"
            placeholder={row.topics?.length ? "" : row.namespace ? "none" : "all"}
            title="Patterns such as orders.*; Enter adds one"
            value={row.topics ?? []}
            onChange={(next) => change(index, { topics: next.length > 0 ? next : null })}
          />
          <ActionIcon aria-label="Take away" title="Take away" onClick={() => remove(index)} className={css.takeAway}>
            <IconTrash className={css.icon} />
          </ActionIcon>
          {"role" in row && <p className={css.says}>{ROLE_SAYS[row.role]}</p>}
        </fieldset>
      ))}
      <Button variant="subtle" size="compact-sm" leftSection={<IconPlus className={css.icon} />} onClick={add} className={css.start}>
        {props.kind === "grant" ? "Add a role" : "Add a scope"}
      </Button>
    </div>
  );
}
