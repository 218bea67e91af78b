import { Button, Modal } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { lazy, Suspense, useState } from "react";
import css from "@/editor/FlowEditor.module.css";
import type { Edited } from "@/editor/save";
import { Loading } from "@/parts/Shown";
import { BREAK } from "@/theme";

const Merge = lazy(() => import("@/editor/Merge").then(({ Merge }) => ({ default: Merge })));

interface StaleProps {
  mine: string;
  newest: Edited;
  busy: boolean;
  /** Save this text over the newest revision. */
  onSave: (text: string) => void;
  /** Go on with the newest revision; what was written is let go. */
  onTake: () => void;
  onClose: () => void;
}

/** Somebody saved meanwhile: both texts, and what is to become of them. */
export function Stale({ mine, newest, busy, onSave, onTake, onClose }: StaleProps) {
  const [merged, setMerged] = useState(mine);
  const narrow = useMediaQuery(`(max-width: ${BREAK.phone}px)`, undefined, { getInitialValueInEffect: false }) ?? false;
  return (
    <Modal opened onClose={onClose} size="90rem" title={`Revision ${newest.revision} was saved while you edited`}>
      <div className={css.stale}>
        <p className={css.explained}>
          {narrow
            ? `This is your text, with what is different in revision ${newest.revision}. Reject a piece to take theirs, or write in it.`
            : `Left is revision ${newest.revision} as it is now, right is your text. Take pieces of theirs by the arrows, or write on the right.`}
        </p>
        <Suspense fallback={<Loading />}>
          <Merge theirs={newest.source} mine={mine} narrow={narrow} onChange={setMerged} />
        </Suspense>
        <div className={css.staleFoot}>
          <Button variant="default" onClick={onTake}>
            Take theirs
          </Button>
          <Button loading={busy} onClick={() => onSave(merged)} data-autofocus>
            {merged === mine ? "Keep mine" : "Save merged"}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
