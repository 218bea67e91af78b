/** What the command palette offers: the places, what a page adds while it is open, and what a search finds. */
import { useEffect, useSyncExternalStore } from "react";

export interface Command {
  id: string;
  label: string;
  /** Shown dimly: where it is, what it is. */
  note?: string;
  run: () => void;
}

const offered = new Map<string, Command>();
const listeners = new Set<() => void>();
let list: Command[] = [];
let opener: () => void = () => undefined;

function changed(): void {
  list = [...offered.values()];
  for (const each of listeners) each();
}

/** Offer commands while the component is there. Give a stable list (useMemo). */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    for (const each of commands) offered.set(each.id, each);
    changed();
    return () => {
      for (const each of commands) offered.delete(each.id);
      changed();
    };
  }, [commands]);
}

export function useOffered(): Command[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => list,
  );
}

export const openPalette = (): void => opener();
export const setPaletteOpener = (open: () => void): void => {
  opener = open;
};
