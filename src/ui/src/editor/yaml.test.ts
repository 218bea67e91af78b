import { yamlLanguage } from "@codemirror/lang-yaml";
import { type PartialParse, type Tree, TreeFragment } from "@lezer/common";
import { describe, expect, it } from "vitest";
import { language } from "@/editor/yaml";

const TEXTS = [
  "",
  "a",
  "a: b",
  "a:\n  b:\n    - c\n    - d: e\n",
  "a:\n- b\n-\n",
  "a: |\n  text\n   more\n",
  "a: >-\n  folded\n\n\n",
  "a: [1, {b: c}",
  "{a: [",
  "'open",
  "? a\n: b\n? - c\n",
  "- - - a\n",
  "a: &x b\nc: *x\n# end",
  "---\na: b\n...\n---\nc: d\n",
  "a:\n  b: c\n d: e\n",
  "key: !tag\n  - x\n",
  "a:\n  - b: |2\n      text",
];

function flow(tasks: number): string {
  return `id: a\ntasks:\n${Array.from({ length: tasks }, (_, n) => `  - id: task_${n}\n    type: core.log.Log\n    message: 'line ${n}'\n`).join("")}`;
}

/** The tree, and in how many steps. */
function parsed(parse: PartialParse): [Tree, number] {
  for (let steps = 1; ; steps += 1) {
    const tree = parse.advance();
    if (tree) return [tree, steps];
  }
}

const shape = (tree: Tree) => {
  const found: string[] = [];
  tree.iterate({ enter: ({ name, from, to }) => void found.push(`${name} ${from} ${to}`) });
  return found;
};

describe("yaml", () => {
  it.each(TEXTS)("reads as it is read elsewhere: %j", (text) => {
    expect(shape(language.parser.parse(text))).toEqual(shape(yamlLanguage.parser.parse(text)));
  });

  it("reads what is cut off anywhere the same", () => {
    const text = TEXTS.join("\n---\n");
    for (let end = 0; end <= text.length; end += 1)
      expect(shape(language.parser.parse(text.slice(0, end)))).toEqual(shape(yamlLanguage.parser.parse(text.slice(0, end))));
  });

  it("reads only what is around a change anew", () => {
    const before = flow(600);
    const [tree, all] = parsed(language.parser.startParse(before, []));
    const at = before.indexOf("task_300");
    const after = `${before.slice(0, at)}x${before.slice(at)}`;
    const kept = TreeFragment.applyChanges(TreeFragment.addTree(tree), [{ fromA: at, toA: at, fromB: at, toB: at + 1 }]);
    const [changed, some] = parsed(language.parser.startParse(after, kept));
    expect(shape(changed)).toEqual(shape(yamlLanguage.parser.parse(after)));
    expect(some).toBeLessThan(all / 10);
  });
});
