import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { duplicateAt, insertAt, moveAt, removeAt, setAt, valueAt } from "@/forms/document";

const FLOW = `# head
id: orders   # its name
namespace: 'shop'

inputs:
  - {id: total, type: INT}

tasks:
  # says it
  - id: say
    type: core.log.Log   # short
    message: "one: {{ inputs.total }}"

  # in python
  - id: py
    type: scripts.python.Script
    script: |   # block
      x = {
        "a": 1,
      }

      print(x)
    # inner, at the end

  - id: last
    type: core.flow.Sequential
    tasks:
    - id: deep
      type: core.log.Log
      message: 'deep'
# tail
`;

const changed = (made: string | null, before = FLOW) => {
  const [old, now] = [before.split("\n"), (made ?? "").split("\n")];
  return { gone: old.filter((line) => !now.includes(line)), come: now.filter((line) => !old.includes(line)) };
};

describe("a value is put", () => {
  it("into its place, in its quotes, beside its comment", () => {
    expect(changed(setAt(FLOW, ["tasks", 0, "message"], "two"))).toEqual({
      gone: ['    message: "one: {{ inputs.total }}"'],
      come: ['    message: "two"'],
    });
    expect(setAt(FLOW, ["id"], "other")).toContain("id: other   # its name\n");
    expect(setAt(FLOW, ["namespace"], "a b")).toContain("namespace: 'a b'\n");
  });
  it("quoted where it must be", () => {
    expect(parse(setAt(FLOW, ["id"], "true") ?? "").id).toBe("true");
    expect(parse(setAt(FLOW, ["id"], "a: #b") ?? "").id).toBe("a: #b");
    expect(parse(setAt(FLOW, ["id"], "{{ x }}") ?? "").id).toBe("{{ x }}");
  });
  it("behind the others where there was none", () => {
    expect(setAt(FLOW, ["tasks", 0, "level"], "WARN")).toContain('total }}"\n    level: WARN\n\n  # in python');
    expect(setAt(FLOW, ["tasks", 1, "timeout"], "PT5M")).toContain("      print(x)\n    timeout: PT5M\n    # inner, at the end\n");
  });
  it("with the maps that it needs", () => {
    const made = setAt(FLOW, ["tasks", 0, "retry", "type"], "constant") ?? "";
    expect(parse(made).tasks[0].retry).toEqual({ type: "constant" });
    expect(changed(made).gone).toEqual([]);
  });
  it("as a block of lines, and back", () => {
    const block = setAt(FLOW, ["tasks", 0, "message"], "a\nb\n") ?? "";
    expect(block).toContain("    message: |\n      a\n      b\n\n  # in python");
    expect(setAt(block, ["tasks", 0, "message"], "c")).toContain("    message: c\n\n  # in python");
    expect(setAt(FLOW, ["tasks", 1, "script"], "y = 1\n")).toContain("    script: |   # block\n      y = 1\n    # inner");
  });
  it("into a map in braces, on its line", () => {
    expect(setAt(FLOW, ["inputs", 0, "min"], 1)).toContain("  - { id: total, type: INT, min: 1 }\n");
  });
  it("where nothing stood behind the colon", () => {
    expect(setAt("a:\nb: 1\n", ["a"], 2)).toBe("a: 2\nb: 1\n");
    expect(setAt("a:   # why\nb: 1\n", ["a", "x"], 2)).toBe("a:   # why\n  x: 2\nb: 1\n");
  });
  it("into an empty text", () => expect(setAt("", ["id"], "a")).toBe("id: a\n"));
  it("not into a broken one", () => expect(setAt("a: [", ["id"], "a")).toBeNull());
});

describe("an entry is taken away", () => {
  it("with its lines and its comment", () => {
    const { gone, come } = changed(removeAt(FLOW, ["tasks", 1]));
    expect(come).toEqual([]);
    expect(gone).toContain("  # in python");
    expect(gone).toContain("    # inner, at the end");
    expect(gone).not.toContain("  # says it");
  });
  it("and the next one takes its place behind the dash", () => {
    expect(removeAt("a:\n  - id: x\n    # about\n    type: y # t\n", ["a", 0, "id"])).toBe("a:\n    # about\n  - type: y # t\n");
  });
  it("and a map that has nothing left goes, too", () => {
    expect(removeAt("a: 1\nb:\n  c:\n    d: 1\n", ["b", "c", "d"])).toBe("a: 1\n");
  });
});

describe("an item", () => {
  it("is added like its neighbours", () => {
    const made = insertAt(FLOW, ["tasks"], 3, { id: "new", type: "core.log.Log" });
    expect(made).toContain("      message: 'deep'\n\n  - id: new\n    type: core.log.Log\n# tail\n");
    expect(insertAt(FLOW, ["tasks", 2, "tasks"], 0, { id: "n" })).toContain("    tasks:\n    - id: n\n    - id: deep\n");
    expect(parse(insertAt(FLOW, ["triggers"], 0, { id: "t" }) ?? "").triggers).toEqual([{ id: "t" }]);
  });
  it("moves with its comments", () => {
    const made = moveAt(FLOW, ["tasks"], 0, 1) ?? "";
    expect(parse(made).tasks.map((each: { id: string }) => each.id)).toEqual(["py", "say", "last"]);
    expect(made).toContain("  # says it\n  - id: say\n");
    expect(made).toContain("tasks:\n  # in python\n  - id: py\n");
    expect(made.split("\n").sort()).toEqual(FLOW.split("\n").sort());
  });
  it("is copied with ids of its own", () => {
    const made = duplicateAt(FLOW, ["tasks", 2]) ?? "";
    expect(parse(made).tasks.map((each: { id: string }) => each.id)).toEqual(["say", "py", "last", "last_2"]);
    expect(parse(made).tasks[3].tasks[0].id).toBe("deep_2");
  });
});

it("keeps the line breaks of Windows, and an end without one", () => {
  expect(setAt("a: 1\r\nb: 2", ["c"], 3)).toBe("a: 1\r\nb: 2\r\nc: 3");
});

describe("random changes of commented flows", () => {
  const random = (seed: number) => {
    let at = seed;
    return () => {
      at += 0x6d2b79f5;
      let state = at;
      state = Math.imul(state ^ (state >>> 15), state | 1);
      state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
      return ((state ^ (state >>> 14)) >>> 0) / 4294967296;
    };
  };
  const VALUES = [
    "plain",
    "a: b",
    "{{ x }}",
    "# no",
    "",
    "true",
    5,
    false,
    "two\nlines\n",
    "x\n\n  y",
    ["a", "b"],
    { k: "v", l: [1] },
    null,
  ];

  function flow(next: () => number): string {
    const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
    const comment = () => (next() < 0.4 ? `  # ${Math.floor(next() * 1e6)}` : "");
    const lines = [`# ${next()}`, `id: a${comment()}`, "namespace: b.c", ...(next() < 0.5 ? [""] : []), "tasks:"];
    const dash = next() < 0.5 ? "  " : "";
    for (let n = 0; n < 1 + next() * 5; n += 1) {
      if (next() < 0.5) lines.push("");
      if (next() < 0.5) lines.push(`${dash}# ${next()}`);
      lines.push(`${dash}- id: t${n}${comment()}`);
      const inside = `${dash}  `;
      if (next() < 0.3) lines.push(`${inside}# ${next()}`);
      lines.push(`${inside}type: core.log.Log${comment()}`);
      const value = pick([
        [`${inside}message: "a # b"${comment()}`],
        [`${inside}message: 'it''s'${comment()}`],
        [`${inside}message:${comment()}`, `${inside}  - a${comment()}`, `${inside}  - b`],
        [`${inside}message: |${comment()}`, `${inside}  - id: no`, "", `${inside}  # text`],
        [`${inside}message: {a: 1, b: [x]}${comment()}`],
        [`${inside}message: >-`, `${inside}  folded`, `${inside}  text`],
        [`${inside}message:${comment()}`],
      ]);
      lines.push(...value);
      if (next() < 0.3) lines.push(`${inside}# end ${next()}`);
    }
    if (next() < 0.5) lines.push("", "labels:", "  # l", "  team: x", "  b: 1");
    if (next() < 0.5) lines.push("# tail");
    return lines.join("\n") + (next() < 0.9 ? "\n" : "");
  }

  /** Whether all lines of the one are in the other, in order. */
  const within = (few: readonly string[], many: readonly string[]) => {
    let at = 0;
    for (const line of many) if (at < few.length && few[at] === line) at += 1;
    return at === few.length;
  };
  const comments = (text: string) => text.split("\n").filter((line) => /^\s*# [\d.]/.test(line));

  it("change what is meant, and no other line", () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const next = random(seed);
      const before = flow(next);
      const plain = parse(before);
      const index = Math.floor(next() * plain.tasks.length);
      const value = VALUES[Math.floor(next() * VALUES.length)];
      const what = Math.floor(next() * 6);
      const told = `seed ${seed}, ${what}, ${JSON.stringify(value)}\n${before}`;
      if (what === 0 || what === 1) {
        const key = what === 0 ? "message" : "added";
        const made = setAt(before, ["tasks", index, key], value);
        plain.tasks[index][key] = value;
        expect(parse(made ?? "<null>"), `${told}\n${made}`).toEqual(plain);
        const others = before.split("\n").filter((line) => !/message|^\s*- [ab]\b|folded|text|id: no|^$/.test(line));
        expect(within(others, (made ?? "").split("\n")), `${told}\n${made}`).toBe(true);
        if (what === 1) expect(within(before.trimEnd().split("\n"), (made ?? "").split("\n")), `${told}\n${made}`).toBe(true);
      } else if (what === 2) {
        const made = removeAt(before, ["tasks", index]);
        plain.tasks.splice(index, 1);
        if (plain.tasks.length === 0) delete plain.tasks;
        expect(parse(made ?? "<null>"), `${told}\n${made}`).toEqual(plain);
        expect(within((made ?? "").trimEnd().split("\n"), before.split("\n")), `${told}\n${made}`).toBe(true);
      } else if (what === 3) {
        const made = removeAt(before, ["tasks", index, ["id", "type", "message"][seed % 3] ?? ""]);
        delete plain.tasks[index][["id", "type", "message"][seed % 3] ?? ""];
        expect(parse(made ?? "<null>"), `${told}\n${made}`).toEqual(plain);
      } else if (what === 4) {
        const to = Math.floor(next() * plain.tasks.length);
        if (to === index) continue;
        const made = moveAt(before, ["tasks"], index, to) ?? "<null>";
        plain.tasks.splice(to, 0, ...plain.tasks.splice(index, 1));
        expect(parse(made), `${told}\n${made}`).toEqual(plain);
        expect(comments(made).sort(), told).toEqual(comments(before).sort());
      } else {
        const made = insertAt(before, ["tasks"], index, { id: "new", message: value });
        plain.tasks.splice(index, 0, { id: "new", message: value });
        expect(parse(made ?? "<null>"), `${told}\n${made}`).toEqual(plain);
        expect(within(before.trimEnd().split("\n"), (made ?? "").split("\n")), `${told}\n${made}`).toBe(true);
      }
    }
  });
});

it("reads a value at a path", () => {
  expect(valueAt(FLOW, ["tasks", 2, "tasks", 0, "message"])).toBe("deep");
  expect(valueAt(FLOW, ["no"])).toBeUndefined();
});
