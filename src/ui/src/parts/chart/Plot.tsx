/** Draws a chart with uPlot, in the theme's colours; made anew when the colour scheme changes, and told new data otherwise. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { TimeChartProps } from "@/parts/Chart";
import css from "@/parts/chart/Plot.module.css";
import { type Series, stack } from "@/parts/chart/series";
import swatch from "@/parts/chart/swatch.module.css";
import { SIZE } from "@/theme";

type PlotProps = TimeChartProps & { format: (value: number) => string };

/** The drawing of a TimeChart; it fills the height that it is given. */
export default function Plot({ series, times, height, stacked = false, step, onRange, format }: PlotProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const box = useRef<HTMLDivElement>(null);
  const both = useMergedRef(ref, box);
  const plot = useRef<uPlot | null>(null);
  const tip = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const latest = useRef({ series, times, format, onRange });
  useEffect(() => {
    latest.current = { series, times, format, onRange };
  });
  const shape = series.map((each) => `${each.label}/${each.family ?? each.accent ?? ""}`).join("|");

  // biome-ignore lint/correctness/useExhaustiveDependencies: scheme and shape say when the colours and the series are others
  useEffect(() => {
    const place = box.current;
    if (!place || width === 0) return;
    const colors = colorsOf(place);
    const made = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        padding: [8, 0, 0, 0],
        cursor: {
          y: false,
          drag: { x: onRange !== undefined, y: false, setScale: false },
          points: { show: !stacked },
        },
        scales: {
          x: { time: true, range: (_, least, most) => around(least, most, step ?? 0) },
          y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] },
        },
        axes: [
          axis(colors, { space: 80, size: 28, grid: { show: false }, values: timesText }),
          { ...axis(colors, { space: 32 }), size: 48, values: (_, ticks) => ticks.map((at) => latest.current.format(at)) },
        ],
        series: [{}, ...ordered(series).map((each) => drawn(each, colors, stacked))],
        hooks: {
          setCursor: [(self) => showTip(self, tip.current, latest.current)],
          setSelect: [
            (self) => {
              const { left, width: drag } = self.select;
              if (drag < SIZE.dot) return;
              latest.current.onRange?.(self.posToVal(left, "x") * 1000, self.posToVal(left + drag, "x") * 1000);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      data(series, times, stacked),
      place,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [scheme, shape, stacked, height, step, width === 0, onRange === undefined]);

  useEffect(() => plot.current?.setData(data(series, times, stacked)), [series, times, stacked]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  return (
    <div className={css.plot} ref={both} style={{ height }}>
      <div className={css.tip} ref={tip} hidden />
    </div>
  );
}

const HOUR = 3600;

/** From the first to the last time, in seconds, with half a step (ms) at both ends for their bars; an hour around a single one. */
function around(least: number, most: number, step: number): [number, number] {
  const room = step / 2000;
  return most - least + room > 0 ? [least - room, most + room] : [least - HOUR / 2, most + HOUR / 2];
}

/** The top layer is drawn first, so that those below cover it. */
const ordered = <T,>(layers: readonly T[]): T[] => [...layers].reverse();

function data(series: readonly Series[], times: readonly number[], stacked: boolean): uPlot.AlignedData {
  const values = series.map((each) => each.values);
  const shown = stacked ? stack(values) : values.map((each) => [...each]);
  return [times.map((at) => at / 1000), ...ordered(shown)] as uPlot.AlignedData;
}

interface Colors {
  of: (each: Series) => string;
  text: string;
  line: string;
  font: string;
}

function colorsOf(place: HTMLElement): Colors {
  const style = getComputedStyle(place);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    of: ({ family, accent = 0 }) => (family ? token(`--state-${family}`) : resolved(place, accent)),
    text: token("--text-dim"),
    line: token("--line"),
    font: `${token("--font-small")} ${style.fontFamily}`,
  };
}

/** A tone as a colour that a canvas knows. */
function resolved(place: HTMLElement, tone: number): string {
  const probe = document.createElement("i");
  probe.className = swatch.swatch ?? "";
  probe.dataset.accent = String(tone);
  probe.style.color = "var(--swatch)";
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Half of what a time takes, in pixels. */
const HALF = 20;

/** `14:00`, at midnight the day, and of longer times the day alone; nothing where the end would cut it off. */
function timesText(self: uPlot, ticks: number[], _: number, __: number, step: number): string[] {
  const end = self.bbox.width / devicePixelRatio;
  return ticks.map((seconds) => {
    if (end > 0 && self.valToPos(seconds, "x") > end - HALF) return "";
    const at = new Date(seconds * 1000);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    return step >= 86_400 || midnight
      ? at.toLocaleDateString(undefined, { month: "short", day: "numeric" })
      : at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  });
}

const axis = (colors: Colors, more: Partial<uPlot.Axis>): uPlot.Axis => ({
  stroke: colors.text,
  font: colors.font,
  grid: { stroke: colors.line, width: 1 },
  ticks: { show: false },
  gap: 8,
  ...more,
});

function drawn(each: Series, colors: Colors, stacked: boolean): uPlot.Series {
  const color = colors.of(each);
  if (stacked)
    return { label: each.label, fill: color, width: 0, paths: uPlot.paths.bars?.({ size: [0.8, 40], gap: 1 }), points: { show: false } };
  return { label: each.label, stroke: color, width: 1.5, points: { size: 5, fill: color }, spanGaps: true };
}

/** What stands under the pointer, beside it. Built of nodes: what a chart names was written by anybody. */
function showTip(self: uPlot, tip: HTMLDivElement | null, { series, times, format }: Pick<PlotProps, "series" | "times" | "format">): void {
  if (!tip) return;
  const { idx, left = -1 } = self.cursor;
  const at = idx === null || idx === undefined ? undefined : times[idx];
  if (at === undefined || idx === null || idx === undefined || left < 0) {
    tip.hidden = true;
    return;
  }
  const head = document.createElement("div");
  head.textContent = new Date(at).toLocaleString(undefined, {
    weekday: "short",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  const lines = ordered(series)
    .map((each) => ({ label: each.label, value: each.values[idx] ?? null }))
    .filter((each) => each.value !== null && (each.value !== 0 || series.length === 1))
    .map((each) => {
      const line = document.createElement("div");
      const name = document.createElement("span");
      name.textContent = each.label;
      const value = document.createElement("b");
      value.textContent = format(each.value ?? 0);
      line.append(name, value);
      return line;
    });
  if (lines.length === 0) {
    const none = document.createElement("div");
    none.textContent = "Nothing";
    lines.push(none);
  }
  tip.replaceChildren(head, ...lines);
  tip.hidden = false;
  const x = left + self.over.offsetLeft;
  tip.style.transform =
    x > self.width / 2 ? `translateX(calc(${x}px - 100% - var(--space-3)))` : `translateX(calc(${x}px + var(--space-3)))`;
}
