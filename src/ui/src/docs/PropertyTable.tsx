import { IconChevronRight, IconLink } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import css from "@/docs/Docs.module.css";
import { type Property, propertiesOf } from "@/docs/properties";
import type { Schemas } from "@/editor/schema";
import { Markdown } from "@/parts/Markdown";

interface PropertyTableProps {
  schemas: Schemas;
  rows: readonly Property[];
  /** What stands before the names: the property that these are in. */
  within?: string;
  /** Each has an address on this page; asked: the one that the address names, such as `options.auth`, is opened and marked. */
  anchors?: { asked: string | undefined };
}

/** The properties of a type; those that have others in them open. */
export function PropertyTable({ schemas, rows, within = "", anchors }: PropertyTableProps) {
  const own = rows.filter((row) => !row.shared);
  const shared = rows.filter((row) => row.shared);
  return (
    <>
      <ul className={css.properties} data-within={within !== "" || undefined}>
        {own.map((row) => (
          <PropertyRow key={row.name} schemas={schemas} row={row} path={within ? `${within}.${row.name}` : row.name} anchors={anchors} />
        ))}
      </ul>
      {shared.length > 0 && (
        <>
          {own.length > 0 && <h3 className={css.sub}>As every type has</h3>}
          <ul className={css.properties}>
            {shared.map((row) => (
              <PropertyRow key={row.name} schemas={schemas} row={row} path={row.name} anchors={anchors} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

interface PropertyRowProps extends Pick<PropertyTableProps, "schemas" | "anchors"> {
  row: Property;
  path: string;
}

function PropertyRow({ schemas, row, path, anchors }: PropertyRowProps) {
  const property = anchors?.asked;
  const asked = property === path;
  const [open, setOpen] = useState(property?.startsWith(`${path}.`) ?? false);
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (asked) place.current?.scrollIntoView({ block: "center" });
    else if (property?.startsWith(`${path}.`)) setOpen(true);
  }, [asked, property, path]);
  return (
    <li className={css.property} data-asked={asked || undefined} ref={place}>
      <div className={css.head}>
        <code className={css.propertyName}>{row.name}</code>
        <span className={css.type}>
          {row.kind}
          {row.values.length > 0 && " "}
          {row.values.map((value, index) => (
            <span key={value}>
              {index > 0 && " · "}
              <code>{value}</code>
            </span>
          ))}
        </span>
        {row.required && <span className={css.required}>required</span>}
        {anchors && (
          <Link
            to="."
            search={(before: Record<string, unknown>) => ({ ...before, property: path })}
            replace
            className={css.anchor}
            aria-label={`Link to ${path}`}
            title="Link to this property"
          >
            <IconLink className={css.icon} />
          </Link>
        )}
      </div>
      {row.description && <Markdown text={row.description} />}
      {(row.default !== null || row.limits.length > 0) && (
        <p className={css.facts}>
          {row.default !== null && (
            <>
              Default <code>{row.default}</code>
            </>
          )}
          {row.default !== null && row.limits.length > 0 && " · "}
          {row.limits.join(" · ")}
        </p>
      )}
      {row.inside.length > 0 && (
        <>
          <button type="button" className={css.more} aria-expanded={open} onClick={() => setOpen((now) => !now)}>
            <IconChevronRight className={css.chevron} data-open={open || undefined} aria-hidden /> What is in {row.name}
          </button>
          {open && <PropertyTable schemas={schemas} rows={propertiesOf(schemas, row.inside)} within={path} anchors={anchors} />}
        </>
      )}
    </li>
  );
}
