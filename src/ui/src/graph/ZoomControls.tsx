import { ActionIcon, Tooltip } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { IconMinus, IconPlus, IconZoomScan } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";
import css from "@/graph/Canvas.module.css";

/** Nearer, farther, all of it. */
export function ZoomControls({ fit, touched }: { fit: () => void; touched: () => void }) {
  const flow = useReactFlow();
  const duration = useReducedMotion() ? 0 : 140;
  const ways = [
    { label: "Zoom in", icon: IconPlus, run: () => void flow.zoomIn({ duration }) },
    { label: "Zoom out", icon: IconMinus, run: () => void flow.zoomOut({ duration }) },
    { label: "Show all of it", icon: IconZoomScan, run: fit },
  ];
  return (
    <div className={css.controls}>
      {ways.map(({ label, icon: Icon, run }) => (
        <Tooltip key={label} label={label} position="right">
          <ActionIcon
            size="sm"
            aria-label={label}
            onClick={() => {
              touched();
              run();
            }}
          >
            <Icon className={css.icon} />
          </ActionIcon>
        </Tooltip>
      ))}
    </div>
  );
}
