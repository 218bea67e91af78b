import { describe, expect, it } from "vitest";
import {
  type Entry,
  foldersOf,
  imageOf,
  languageOf,
  movedTo,
  rowsOf,
  rowsOfPaths,
  sizeText,
  textOf,
  wrongPath,
} from "@/pages/namespaces/files/tree";

const entry = (path: string, folder = false): Entry => ({ path, folder, size: 1, modified: 0 });
const known = new Map([
  ["", [entry("b.txt"), entry("z", true), entry("a", true), entry("file10"), entry("file9")]],
  ["a", [entry("a/x"), entry("a/deep", true)]],
  ["a/deep", [entry("a/deep/y")]],
]);
const shown = (open: string[]) => rowsOf(known, new Set(open)).map((row) => `${"  ".repeat(row.depth)}${row.name}`);

describe("the tree of files", () => {
  it("has folders first, then names, numbers by value", () => {
    expect(shown([])).toEqual(["a", "z", "b.txt", "file9", "file10"]);
  });

  it("shows what is in open folders, in open folders only", () => {
    expect(shown(["a"])).toEqual(["a", "  deep", "  x", "z", "b.txt", "file9", "file10"]);
    expect(shown(["a", "a/deep"])).toEqual(["a", "  deep", "    y", "  x", "z", "b.txt", "file9", "file10"]);
    expect(shown(["a/deep"])).toEqual(shown([]));
  });

  it("says where it waits for a folder", () => {
    expect(rowsOf(known, new Set(["z"])).find((row) => row.path === "z")).toMatchObject({ open: true, waiting: true });
    expect(rowsOf(known, new Set(["a"])).find((row) => row.path === "a")).toMatchObject({ open: true, waiting: false });
  });

  it("is built from paths, each folder once", () => {
    const rows = rowsOfPaths(["q/eu/open.sql", "q/daily.sql", "README.md"]);
    expect(rows.map((row) => [row.depth, row.name, row.folder])).toEqual([
      [0, "q", true],
      [1, "eu", true],
      [2, "open.sql", false],
      [1, "daily.sql", false],
      [0, "README.md", false],
    ]);
    expect(rowsOfPaths([])).toEqual([]);
  });
});

describe("paths", () => {
  it("know the folders they are in", () => {
    expect(foldersOf("a/b/c.txt")).toEqual(["a", "a/b"]);
    expect(foldersOf("c.txt")).toEqual([]);
  });

  it.each(["", " ", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", "a\u0000b", "x".repeat(501)])("refuse %j", (path) => {
    expect(wrongPath(path)).not.toBeNull();
  });

  it.each(["a", "a/b.txt", ".hidden", "a b/ü.md", "..a"])("take %j", (path) => {
    expect(wrongPath(path)).toBeNull();
  });

  it("move into folders, not into themselves", () => {
    expect(movedTo("a/x", "")).toBe("x");
    expect(movedTo("x", "a")).toBe("a/x");
    expect(movedTo("x", "")).toBeNull();
    expect(movedTo("a", "a")).toBeNull();
    expect(movedTo("a", "a/deep")).toBeNull();
    expect(movedTo("a", "ab")).toBe("ab/a");
  });
});

describe("contents", () => {
  it("are text, or not", () => {
    const bytes = (...all: number[]) => new Uint8Array(all).buffer;
    expect(textOf(new TextEncoder().encode("grün\n").buffer)).toBe("grün\n");
    expect(textOf(bytes(0xff, 0xfe))).toBeNull();
    expect(textOf(bytes(65, 0, 66))).toBeNull();
    expect(textOf(bytes())).toBe("");
  });

  it("have a language or are a picture by their ending", () => {
    expect(languageOf("a/b.YML")).toBe("yaml");
    expect(languageOf("json")).toBe("json");
    expect(languageOf("query.sql")).toBe("text");
    expect(imageOf("logo.PNG")).toBe("image/png");
    expect(imageOf("logo.svg")).toBeNull();
  });

  it("have a size", () => {
    expect([0, 999, 1000, 4096, 2_500_000].map(sizeText)).toEqual(["0 B", "999 B", "1.0 kB", "4.1 kB", "2.5 MB"]);
  });
});
