import { type FocusEvent, useMemo, useState } from "react";

/** Whether somebody reads a list, so that its rows must stay where they are. */
export interface Hold {
  held: boolean;
  onScroll: (away: boolean) => void;
  /** For what is around the list, and around the pill that says what waits: who is in it by pointer or keyboard reads it. */
  around: {
    onPointerOver: () => void;
    onPointerLeave: () => void;
    onFocus: (event: FocusEvent) => void;
    onBlur: (event: FocusEvent) => void;
  };
}

/** A list is held while the pointer or the keyboard is in it, it is scrolled, or `also` holds. */
export function useHold(also: boolean): Hold {
  const [over, setOver] = useState(false);
  const [away, setAway] = useState(false);
  const [focused, setFocused] = useState(false);
  const around = useMemo(
    () => ({
      // Over, not enter: React tells of no entering where what was under the pointer before is gone.
      onPointerOver: () => setOver(true),
      onPointerLeave: () => setOver(false),
      onFocus: (event: FocusEvent) => setFocused(event.target.matches(":focus-visible")),
      onBlur: (event: FocusEvent) => setFocused(event.currentTarget.contains(event.relatedTarget)),
    }),
    [],
  );
  return { held: over || away || focused || also, onScroll: setAway, around };
}
