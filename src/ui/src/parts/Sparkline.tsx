import { Link } from "@tanstack/react-router";
import type { StateName } from "@/api/types";
import css from "@/parts/Sparkline.module.css";
import { FAMILY, stateWord } from "@/parts/states";
import { durationText } from "@/parts/time";

/** One run: how it ended, and how long it took; null while it runs. */
export interface Bar {
  state: StateName;
  durationMs: number | null;
  id: string;
}

/** The last runs as small bars, the newest right: as high as they took long, in the colour of their state. Each leads to its execution. */
export function Sparkline({ bars, label = "Last runs" }: { bars: readonly Bar[]; label?: string }) {
  if (bars.length === 0) return <span className={css.none}>–</span>;
  const longest = Math.max(...bars.map((bar) => bar.durationMs ?? 0), 1);
  return (
    <ul className={css.spark} aria-label={label}>
      {bars.map((bar) => {
        const said = `${stateWord(bar.state)}${bar.durationMs === null ? "" : `, ${durationText(bar.durationMs)}`}`;
        return (
          <li key={bar.id}>
            <Link
              to="/executions/$id"
              params={{ id: bar.id }}
              className={css.bar}
              data-family={FAMILY[bar.state]}
              aria-label={said}
              title={said}
              style={{ "--part": partOf(bar.durationMs, longest) } as React.CSSProperties}
            />
          </li>
        );
      })}
    </ul>
  );
}

/** By its logarithm, so that a run of a second can be seen beside one of an hour; one that runs is as high as the highest. */
function partOf(ms: number | null, longest: number): number {
  return ms === null ? 1 : Math.max(0.2, Math.log1p(ms) / Math.log1p(longest));
}
