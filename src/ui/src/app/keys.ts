/** What keys do everywhere: places after `g`, the page's search, help. Pure; Keys listens. */

/** Where `g` and a key lead. */
export const PLACES: readonly { key: string; to: string; label: string }[] = [
  { key: "d", to: "/", label: "Dashboard" },
  { key: "e", to: "/executions", label: "Executions" },
  { key: "f", to: "/flows", label: "Flows" },
  { key: "t", to: "/triggers", label: "Triggers" },
  { key: "v", to: "/events", label: "Events" },
  { key: "n", to: "/namespaces", label: "Namespaces" },
  { key: "p", to: "/plugins", label: "Plugins" },
  { key: "s", to: "/settings", label: "Settings" },
  { key: "c", to: "/flows/new", label: "Create a flow" },
];

/** The help: what works where. A key of a sequence follows the one before it; `+` is held together. */
export const HELP: readonly { where: string; keys: readonly { keys: string[]; does: string }[] }[] = [
  {
    where: "Everywhere",
    keys: [
      { keys: ["Ctrl+K"], does: "Go to, or do: pages, flows, executions, what the page offers" },
      { keys: ["/"], does: "Search on this page" },
      { keys: ["?"], does: "These keys" },
      { keys: ["Esc"], does: "Close what is open" },
    ],
  },
  { where: "Go to", keys: PLACES.map((place) => ({ keys: ["g", place.key], does: place.label })) },
  {
    where: "Lists",
    keys: [
      { keys: ["j", "↓"], does: "Next row" },
      { keys: ["k", "↑"], does: "Row before" },
      { keys: ["Home", "End"], does: "First, last" },
      { keys: ["Enter"], does: "Open" },
      { keys: ["x"], does: "Select" },
    ],
  },
  {
    where: "Trees of files",
    keys: [
      { keys: ["→", "←"], does: "Open, close" },
      { keys: ["F2"], does: "Rename or move" },
      { keys: ["Del"], does: "Delete" },
    ],
  },
  {
    where: "Editors",
    keys: [
      { keys: ["Ctrl+S"], does: "Save" },
      { keys: ["Ctrl+Space"], does: "What can stand here" },
      { keys: ["Ctrl+F"], does: "Find in the text" },
      { keys: ["Esc", "Tab"], does: "Leave the editor" },
    ],
  },
];

export type Meaning = { kind: "help" } | { kind: "search" } | { kind: "begin" } | { kind: "go"; to: string } | null;

/** What a key means; begun: `g` was pressed just before. */
export function meaningOf(key: string, begun: boolean): Meaning {
  if (begun) {
    const place = PLACES.find((each) => each.key === key);
    return place ? { kind: "go", to: place.to } : null;
  }
  if (key === "?") return { kind: "help" };
  if (key === "/") return { kind: "search" };
  return key === "g" ? { kind: "begin" } : null;
}

/** Whether somebody writes there: keys are letters then. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("[contenteditable=''], [contenteditable='true'], .cm-editor")) return true;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit", "range", "file"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
