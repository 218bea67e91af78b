import { describe, expect, it } from "vitest";
import { HELP, isWriting, meaningOf, PLACES } from "@/app/keys";

const made = (html: string): Element => {
  const holder = document.createElement("div");
  const [tag = "div", ...rest] = html.split(" ");
  const element = document.createElement(tag);
  for (const attribute of rest) element.setAttribute(attribute.split("=")[0] ?? "", attribute.split("=")[1] ?? "");
  holder.append(element);
  return element;
};

describe("keys", () => {
  it("mean places after g only, and g only where nothing was begun", () => {
    expect(meaningOf("g", false)).toEqual({ kind: "begin" });
    expect(meaningOf("e", true)).toEqual({ kind: "go", to: "/executions" });
    expect(meaningOf("e", false)).toBeNull();
    expect(meaningOf("g", true)).toBeNull();
    expect(meaningOf("?", false)).toEqual({ kind: "help" });
    expect(meaningOf("/", false)).toEqual({ kind: "search" });
  });

  it("lead to one place each, and all of them are in the help", () => {
    expect(new Set(PLACES.map((place) => place.key)).size).toBe(PLACES.length);
    const said = HELP.flatMap((part) => part.keys).filter(({ keys }) => keys[0] === "g");
    expect(said.map(({ keys }) => keys[1])).toEqual(PLACES.map((place) => place.key));
  });

  it.each(["input", "input type=search", "input type=password", "textarea", "select", "div contenteditable=true"])(
    "are letters in %s",
    (html) => {
      expect(isWriting(made(html))).toBe(true);
    },
  );

  it.each(["input type=checkbox", "button", "a href=x", "div"])("are keys in %s", (html) => {
    expect(isWriting(made(html))).toBe(false);
  });

  it("are letters in an editor", () => {
    const editor = document.createElement("div");
    editor.className = "cm-editor";
    const inner = document.createElement("span");
    editor.append(inner);
    expect(isWriting(inner)).toBe(true);
    expect(isWriting(null)).toBe(false);
  });
});
