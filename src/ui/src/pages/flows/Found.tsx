import { Link } from "@tanstack/react-router";
import css from "@/pages/flows/Flows.module.css";
import { type Match, markedOf } from "@/pages/flows/found";
import { type FlowName, keyOf } from "@/pages/flows/lines";

const SHOWN = 8;

const editorOf = (flow: FlowName, line?: number) =>
  ({
    to: "/flows/$namespace/$flow",
    params: { namespace: flow.namespace, flow: flow.id },
    search: { tab: "editor", line: line?.toString() },
  }) as const;

/** Where a text is in the texts of flows: each flow with its lines. */
export function Found({ results, q }: { results: readonly (FlowName & { matches: readonly Match[] })[]; q: string }) {
  return (
    <ul className={css.found} aria-label="Where it was found">
      {results.map((flow) => (
        <li key={keyOf(flow)} className={css.hit}>
          <div className={css.hitHead}>
            <Link {...editorOf(flow)}>{flow.id}</Link>
            <span className={css.dim}>{flow.namespace}</span>
          </div>
          <ol className={css.hitLines}>
            {flow.matches.slice(0, SHOWN).map((match) => {
              const { line, before, hit, after } = markedOf(match, q);
              return (
                <li key={line} className={css.hitLine}>
                  <Link className={css.place} {...editorOf(flow, line)}>
                    <span className={css.number}>{line}</span>
                    <span>
                      {before}
                      <mark>{hit}</mark>
                      {after}
                    </span>
                  </Link>
                </li>
              );
            })}
            {flow.matches.length > SHOWN && (
              <li className={css.hitLine}>
                <span className={css.number} />
                <span className={css.dim}>and {flow.matches.length - SHOWN} more lines</span>
              </li>
            )}
          </ol>
        </li>
      ))}
    </ul>
  );
}
