import { ActionIcon, Collapse, Select, Tooltip, UnstyledButton } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { Property, Schemas } from "@/editor/schema";
import { removeAt, setAt } from "@/forms/document";
import { ItemMenu, Rows, shortType } from "@/forms/Lists";
import { type Doing, placeOf } from "@/forms/NoCode";
import css from "@/forms/NoCode.module.css";
import { arranged, type Item, typesOn, widgetOf } from "@/forms/outline";
import { PropertyField } from "@/forms/PropertyField";

interface ItemFormProps {
  item: Item;
  text: string;
  data: Record<string, unknown>;
  schemas: Schemas;
  onChange: (text: string | null) => void;
  onAll: () => void;
  doing: Doing;
}

const at = (data: unknown, path: Item["path"]): Record<string, unknown> => {
  let here: unknown = data;
  for (const segment of path) here = (here as Record<string | number, unknown> | undefined)?.[segment];
  return typeof here === "object" && here !== null ? (here as Record<string, unknown>) : {};
};

/** A task, trigger or input: each of its properties as a field. */
export function ItemForm({ item, text, data, schemas, onChange, onAll, doing }: ItemFormProps) {
  const values = at(data, item.path);
  const { own, common } = useMemo(
    () => arranged(schemas.properties(item.path, typesOn(data, item.path)), values),
    [schemas, item.path, data, values],
  );
  const set = common.filter((each) => each.name in values);
  const [more, setMore] = useState(set.length > 0);
  const known = new Set([...own, ...common].map((each) => each.name));
  const unknown = Object.keys(values).filter((name) => !known.has(name) && name !== "type");
  const { list, index } = placeOf(item);
  const count = (at(data, list) as unknown as { length?: number }).length ?? 0;

  const change = (name: string, value: unknown) =>
    onChange(value === undefined ? removeAt(text, [...item.path, name]) : setAt(text, [...item.path, name], value));
  const field = (property: Property) => {
    if (widgetOf(schemas, property) === "tasks") {
      const inner = item.lists.filter((each) => each.name === property.name || each.name.startsWith(`${property.name}: `));
      const empty = { name: property.name, path: [...item.path, property.name], kind: "task" as const, items: [] };
      if (doing.readOnly && inner.length === 0) return null;
      if (item.kind === "task" && (/^list of/.test(property.kind) || inner.length > 0))
        return (
          <section key={property.name} className={css.section}>
            <h3 className={css.name}>{property.name}</h3>
            {(inner.length > 0 ? inner : [empty]).map((each) => (
              <Rows key={each.name} list={each} doing={doing} deep={false} />
            ))}
          </section>
        );
    }
    return (
      <PropertyField
        key={property.name}
        property={property}
        schemas={schemas}
        value={values[property.name]}
        readOnly={doing.readOnly}
        onChange={(value) => change(property.name, value)}
      />
    );
  };

  return (
    <div className={css.form}>
      <header className={css.head}>
        <Tooltip label="All inputs, tasks and triggers">
          <ActionIcon size="sm" aria-label="All inputs, tasks and triggers" onClick={onAll}>
            <IconChevronLeft className={css.icon} />
          </ActionIcon>
        </Tooltip>
        <h2 className={css.title}>{item.id || "without id"}</h2>
        {item.kind !== "input" && (
          <Tooltip label={item.type}>
            <span className={css.type}>{shortType(item.type)}</span>
          </Tooltip>
        )}
        <span className={css.space} />
        {!doing.readOnly && <ItemMenu item={item} first={index === 0} last={index === count - 1} doing={doing} />}
      </header>
      {item.kind === "input" && (
        <Select
          label="type"
          data={inputTypes(schemas)}
          value={item.type}
          readOnly={doing.readOnly}
          searchable
          onChange={(type) => type && change("type", type)}
        />
      )}
      {own.map(field)}
      {unknown.map((name) =>
        field({ name, description: "It is not known to this type.", kind: "", required: false, default: undefined, schema: {} }),
      )}
      {common.length > 0 && (
        <>
          <UnstyledButton className={css.more} aria-expanded={more} onClick={() => setMore(!more)}>
            <IconChevronRight className={css.chevron} aria-hidden /> What every {item.kind} can have
          </UnstyledButton>
          <Collapse expanded={more}>
            <div className={css.form}>{common.map(field)}</div>
          </Collapse>
        </>
      )}
    </div>
  );
}

/** The types that an input can have. */
export const inputTypes = (schemas: Schemas): string[] => schemas.values(["inputs", 0, "type"], new Map()).sort();
