import css from "@/parts/Condition.module.css";
import { namedValues } from "@/parts/explained";
import { JsonTree } from "@/parts/JsonTree";

/** A condition that was false, the values that it names, and all else that it could see. */
export function Condition({ expression, seen }: { expression: string; seen: unknown }) {
  // What was cut off on its way is text: nothing can be said of a value then.
  const values = typeof seen === "string" ? [] : namedValues(expression, seen);
  return (
    <div className={css.condition}>
      <code className={css.expression}>{expression}</code>
      {values.length > 0 && (
        <dl className={css.values}>
          {values.map(({ path, value, missing }) => (
            <div key={path} className={css.value}>
              <dt>
                <code>{path}</code>
              </dt>
              <dd>{missing ? <span className={css.missing}>is not there</span> : <code>{JSON.stringify(value)}</code>}</dd>
            </div>
          ))}
        </dl>
      )}
      <details className={css.more}>
        <summary>All that it could see</summary>
        <JsonTree value={seen} name="trigger" />
      </details>
    </div>
  );
}
