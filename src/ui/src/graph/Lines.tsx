import { memo } from "react";
import css from "@/graph/Lines.module.css";
import { labelBox, type Placed, pathOf } from "@/graph/layout";

/** All edges of a graph in one picture, above its groups; what they say is in the outline, too. */
export const Lines = memo(({ placed }: { placed: Placed }) => (
  <svg className={css.lines} width={placed.width} height={placed.height} aria-hidden="true">
    {placed.lines.map(({ edge, points }) => {
      const end = points.at(-1);
      return (
        <g key={edge.id} data-kind={edge.kind}>
          <path className={css.line} d={pathOf(points)} />
          {end && <path className={css.tip} d={`M${end.x - 4} ${end.y - 6}L${end.x} ${end.y}L${end.x + 4} ${end.y - 6}Z`} />}
        </g>
      );
    })}
    {placed.lines.map(({ edge, label }) => {
      if (!label) return null;
      const box = labelBox(edge.label);
      return (
        <g key={edge.id} transform={`translate(${label.x} ${label.y})`}>
          <rect className={css.label} x={-box.width / 2} y={-box.height / 2} width={box.width} height={box.height} rx={box.height / 2} />
          <text className={css.text} dominantBaseline="central" textAnchor="middle">
            {edge.label}
          </text>
        </g>
      );
    })}
  </svg>
));
