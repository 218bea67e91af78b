/** The files of a namespace as the rows of a tree. Paths have no slash at their beginning: `queries/daily.sql`; the top is "". */

export interface Entry {
  path: string;
  folder: boolean;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
}

export interface Row {
  path: string;
  name: string;
  folder: boolean;
  depth: number;
  open: boolean;
  /** An open folder whose entries are not known yet. */
  waiting: boolean;
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
export const joined = (folder: string, name: string): string => (folder ? `${folder}/${name}` : name);

/** `a/b/c` as `a` and `a/b`: the folders that a file is in. */
export function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Folders first, then by name, numbers by their value. */
export function inOrder(a: { path: string; folder: boolean }, b: { path: string; folder: boolean }): number {
  return Number(b.folder) - Number(a.folder) || nameOf(a.path).localeCompare(nameOf(b.path), "en", { numeric: true });
}

/** What is seen where these folders are open. entries: what is in each folder that is known. */
export function rowsOf(entries: ReadonlyMap<string, readonly Entry[]>, open: ReadonlySet<string>, folder = "", depth = 0): Row[] {
  return [...(entries.get(folder) ?? [])].sort(inOrder).flatMap((entry) => {
    const opened = entry.folder && open.has(entry.path);
    const row = {
      path: entry.path,
      name: nameOf(entry.path),
      folder: entry.folder,
      depth,
      open: opened,
      waiting: opened && !entries.has(entry.path),
    };
    return opened ? [row, ...rowsOf(entries, open, entry.path, depth + 1)] : [row];
  });
}

/** The tree of these files alone, all of it open: what a search has found. */
export function rowsOfPaths(paths: readonly string[]): Row[] {
  const entries = new Map<string, Entry[]>();
  const folders = new Set<string>();
  const add = (path: string, folder: boolean) => {
    const place = folderOf(path);
    entries.set(place, [...(entries.get(place) ?? []), { path, folder, size: 0, modified: 0 }]);
  };
  for (const path of paths) {
    for (const folder of foldersOf(path)) {
      if (!folders.has(folder)) add(folder, true);
      folders.add(folder);
    }
    add(path, false);
  }
  return rowsOf(entries, folders);
}

/** What is wrong with a path, in a sentence; null: nothing. The server decides. */
export function wrongPath(path: string): string | null {
  if (!path.trim()) return "A file has a name.";
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return "Names between single slashes, without . and ..";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x1f\\]/.test(path)) return "No backslash, and nothing that cannot be seen.";
  return path.length > 500 ? "At most 500 characters." : null;
}

/** Where something goes that is dropped on a folder; null: it stays, or would go into itself. */
export function movedTo(path: string, folder: string): string | null {
  const after = joined(folder, nameOf(path));
  return after === path || `${folder}/`.startsWith(`${path}/`) ? null : after;
}

const LANGUAGES: Record<string, "yaml" | "json"> = { yaml: "yaml", yml: "yaml", json: "json" };
const IMAGES: Record<string, string> = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp" };
const ending = (path: string) => nameOf(path).split(".").at(-1)?.toLowerCase() ?? "";

/** The language of a file, for its colours. */
export const languageOf = (path: string): "yaml" | "json" | "text" => LANGUAGES[ending(path)] ?? "text";

/** The type of a picture that can be shown; null: it is none. SVG is text: as a picture it could fetch others. */
export const imageOf = (path: string): string | null => IMAGES[ending(path)] ?? null;

/** The text of a file; null where it is none. */
export function textOf(bytes: ArrayBuffer): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** 812 B, 4.1 kB, 2.0 MB. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, size] = bytes < 1_000_000 ? ["kB", bytes / 1000] : bytes < 1e9 ? ["MB", bytes / 1e6] : ["GB", bytes / 1e9];
  return `${(size as number).toFixed(1)} ${unit}`;
}
