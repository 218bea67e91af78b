import { type FocusEvent, useMemo, useState } from "react";

/** Whether somebody reads a list, so that its rows must stay where they are. */
export interface Hold {
  held: boolean;
  onHover: (over: boolean) => void;
  onScroll: (away: boolean) => void;
  /** For what is around the list: who is in it by the keyboard reads it, too. */
  focus: { onFocus: (event: FocusEvent) => void; onBlur: (event: FocusEvent) => void };
}

/** A list is held while the pointer or the keyboard is in it, it is scrolled, or `also` holds. */
export function useHold(also: boolean): Hold {
  const [over, setOver] = useState(false);
  const [away, setAway] = useState(false);
  const [focused, setFocused] = useState(false);
  const focus = useMemo(
    () => ({
      onFocus: (event: FocusEvent) => setFocused(event.target.matches(":focus-visible")),
      onBlur: (event: FocusEvent) => setFocused(event.currentTarget.contains(event.relatedTarget)),
    }),
    [],
  );
  return { held: over || away || focused || also, onHover: setOver, onScroll: setAway, focus };
}
