/** The figures at the top: how many, how well, how fast. */
import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import css from "@/pages/dashboard/dashboard.module.css";
import { type Latency, type Scope, useDurations, useRates, useReaction, useWhole } from "@/pages/dashboard/data";
import { percentText, type Totals, totalsOf } from "@/pages/dashboard/numbers";
import { numberText } from "@/parts/chart/series";
import type { FilterValues } from "@/parts/filter/values";
import { durationText } from "@/parts/time";

interface TileProps {
  label: string;
  children: ReactNode;
  /** Under the figure. */
  note?: ReactNode;
  /** Of what it is, on hover. */
  about?: string;
}

/** One figure. */
export function Tile({ label, children, note, about }: TileProps) {
  return (
    <div className={css.tile}>
      <dt className={css.tileLabel}>{about ? <Tooltip label={about}>{withStop(label)}</Tooltip> : label}</dt>
      <dd className={css.figure}>{children}</dd>
      <dd className={css.note}>{note}</dd>
    </div>
  );
}

const withStop = (label: string) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what it is of is told to the keyboard, too
  <span tabIndex={0} className={css.about}>
    {label}
  </span>
);

/** All of them. time: as the lists' address says it. */
export function Tiles({ scope, time }: { scope: Scope; time: FilterValues }) {
  const rates = useRates(scope);
  const durations = useDurations(scope);
  const reaction = useReaction();
  const whole = useWhole();
  const totals: Totals | null = rates.data ? totalsOf(rates.data, scope.span()) : null;
  return (
    <dl className={css.tiles}>
      <Tile label="Success" note={totals ? `of ${totals.ended.toLocaleString("en")} that ended` : null}>
        {totals ? percentText(totals.ratio) : "–"}
      </Tile>
      <Tile
        label="Failed"
        note={
          <Link to="/executions" search={{ ...time, state: ["FAILED"] }}>
            See them
          </Link>
        }
      >
        <span data-bad={(totals?.failed ?? 0) > 0 || undefined}>{totals ? numberText(totals.failed) : "–"}</span>
      </Tile>
      <Tile label="Executions" note={totals ? `${numberText(totals.perMinute)} per minute` : null}>
        <Link to="/executions" search={time}>
          {totals ? numberText(totals.all) : "–"}
        </Link>
      </Tile>
      <LatencyTile label="Duration" about="From an execution's creation until it ended, of those that ended." latency={durations.data} />
      {whole && !reaction.error && (
        <LatencyTile
          label="Reaction"
          about="From an event's arrival until its execution's first task began."
          latency={reaction.data}
          none="no event yet"
        />
      )}
    </dl>
  );
}

function LatencyTile({
  label,
  about,
  latency,
  none = "none ended",
}: {
  label: string;
  about: string;
  latency: Latency | undefined;
  none?: string;
}) {
  const since = latency?.sinceStart ? ", since the start" : "";
  if (!latency || latency.p50 === null)
    return (
      <Tile label={label} about={about} note={latency ? none : null}>
        –
      </Tile>
    );
  return (
    <Tile
      label={label}
      about={`${about}${since ? " Of all since the server started." : ""}`}
      note={`p99 ${durationText(latency.p99 ?? Number.NaN)}${since}`}
    >
      {durationText(latency.p50)} <span className={css.unit}>p50</span>
    </Tile>
  );
}
