import type { ReactNode } from "react";
import css from "@/parts/Facts.module.css";

/** Names with their values in two columns. A value of null or undefined is left out. */
export function Facts({ of, label }: { of: readonly (readonly [name: string, value: ReactNode])[]; label?: string }) {
  return (
    <dl className={css.facts} aria-label={label}>
      {of
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name} className={css.fact}>
            <dt className={css.name}>{name}</dt>
            <dd className={css.value}>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
