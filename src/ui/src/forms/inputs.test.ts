import { describe, expect, it } from "vitest";
import {
  bodyOf,
  cliOfForm,
  curlOfForm,
  examined,
  faultText,
  firstValues,
  instantOf,
  localOf,
  offered,
  placeholderOf,
  readSpec,
  sent,
} from "@/forms/inputs";
import { checkPathOf, commandOf, labelOf, pathOf } from "@/forms/ways";

const SPECS = [
  { id: "name", type: "STRING", displayName: "Your name" },
  { id: "times", type: "INT", min: 1, max: 10, defaults: 3 },
  { id: "tags", type: "ARRAY", itemType: "STRING", prefill: ["one"], required: false },
  { id: "payload", type: "JSON", required: false },
  { id: "letter", type: "FILE", allowedFileExtensions: ["txt"], required: false },
  { id: "key", type: "SECRET", required: false },
  { id: "size", type: "SELECT", values: ["s", { value: "m", label: "Medium" }] },
  { id: "deep.er", type: "STRING", required: false },
].map(readSpec);

describe("a declaration", () => {
  it("is read as a form needs it", () => {
    expect(SPECS[0]).toMatchObject({ id: "name", label: "Your name", required: true, bounds: null });
    expect(SPECS[1]).toMatchObject({ bounds: "1 to 10", defaults: 3 });
    expect(SPECS[4]).toMatchObject({ extensions: [".txt"], required: false });
    expect(SPECS[6]?.choices).toEqual([
      { value: "s", label: "s" },
      { value: "m", label: "Medium" },
    ]);
    expect(readSpec({ id: "a", type: "INT", max: 5 }).bounds).toBe("at most 5");
    expect(readSpec({ id: "a", type: "DATE", after: "2026-01-01" }).bounds).toBe("after 2026-01-01");
  });
});

describe("a form", () => {
  it("begins with what the flow fills in, or what an execution had; never with a secret", () => {
    expect(firstValues(SPECS)).toMatchObject({ name: null, tags: ["one"] });
    const values = firstValues(SPECS, { name: "Ada", times: 4, payload: { a: 1 }, key: "********", deep: { er: "x" } });
    expect(values).toMatchObject({ name: "Ada", times: "4", payload: '{\n  "a": 1\n}', key: null, "deep.er": "x" });
  });
  it("sends what was given and what is asked for", () => {
    const file = new File(["dear"], "a.txt");
    const values = { name: "Ada", times: "", tags: ["a", "b"], payload: '{"a":1}', letter: file, size: null };
    expect(sent(SPECS, values)).toEqual([
      ["name", "Ada"],
      ["tags", '["a","b"]'],
      ["payload", '{"a":1}'],
      ["letter", file],
    ]);
    expect(sent(SPECS, values, new Set(["name", "payload", "letter"]))).toEqual([["tags", '["a","b"]']]);
  });
  it("asks with files by their names only", async () => {
    const fields: [string, string | File][] = [["letter", new File(["dear"], "a.txt")]];
    const [asked, whole] = [bodyOf(fields, true).get("letter") as File, bodyOf(fields).get("letter") as File];
    expect([asked.name, asked.size]).toEqual(["a.txt", 0]);
    expect([whole.name, whole.size]).toEqual(["a.txt", 4]);
  });
});

describe("what the server says", () => {
  it("is told without what the field says already", () => {
    expect(faultText("Invalid input for `a`, missing required input, but received `null`")).toBe("This is needed.");
    expect(faultText("Invalid input for `a`, it must be less than `10`")).toBe("It must be less than `10`.");
    expect(faultText("Invalid input for `a`, Expected `JSON` but received `{`; line 1, column 2: no end")).toBe(
      "Line 1, column 2: no end.",
    );
    expect(faultText("Invalid input for `a`, it must have one of the file extensions `[.txt]`, but received `kestra:///x/a.png`")).toBe(
      "It must have one of the file extensions `[.txt]`.",
    );
  });
  it("is known by input", () => {
    const answer = {
      inputs: [
        { input: { id: "times", values: ["x"] }, value: 3, enabled: true, isDefault: true, errors: [] },
        { input: { id: "name" }, enabled: false, isDefault: false, errors: [{ message: "Invalid input for `name`, no" }] },
      ],
    };
    const known = examined(answer);
    expect(known.get("times")).toEqual({ enabled: true, value: 3, isDefault: true, error: null });
    expect(known.get("name")).toEqual({ enabled: false, value: null, isDefault: false, error: "No." });
    expect(offered(answer).get("times")).toEqual([{ value: "x", label: "x" }]);
    expect(placeholderOf(SPECS[1] as never, known.get("times"))).toBe("3");
  });
});

describe("the same by a command", () => {
  const fields: [string, string | File][] = [
    ["name", "it's"],
    ["letter", new File([], "a.txt")],
    ["key", "s3cret"],
  ];
  it("by curl", () => {
    const text = curlOfForm("/executions/demo/a", fields, new Set(["key"]));
    expect(text).toContain("-X POST --form-string 'name=it'\\''s' -F letter=@a.txt --form-string \"key=$KEY\" 'http");
    expect(text).not.toContain("s3cret");
  });
  it("by onbeat", () => {
    expect(cliOfForm("onbeat flows run demo.a", fields, new Set(["key"]))).toBe(
      "onbeat flows run demo.a -i 'name=it'\\''s' --file letter=a.txt -i \"key=$KEY\"",
    );
  });
});

describe("where a form goes", () => {
  const target = { namespace: "de.mo", flow: "a", executionId: "X", labels: ["team:a"], scheduleDate: "2026-01-31T12:00:00Z" };
  it("to start, with labels and a time", () => {
    expect(pathOf({ ...target, mode: "start", revision: 3 })).toBe(
      "/executions/de.mo/a?revision=3&labels=team%3Aa&scheduleDate=2026-01-31T12%3A00%3A00Z",
    );
    expect(commandOf({ ...target, mode: "start" }, true)).toBe('onbeat flows run de.mo.a --label "team=a" --at 2026-01-31T12:00:00Z');
  });
  it("to resume, decide or repeat an execution", () => {
    expect(pathOf({ ...target, mode: "resume" })).toBe("/executions/X/actions/resume");
    expect(pathOf({ ...target, mode: "review" })).toBe("/executions/X/actions/review");
    expect(pathOf({ ...target, mode: "replay", taskRunId: "t" })).toBe("/executions/X/actions/replay-with-inputs?taskRunId=t");
    expect(checkPathOf({ ...target, mode: "review" })).toBe("/executions/X/actions/resume/validate");
    expect(checkPathOf({ ...target, mode: "replay" })).toBe("/executions/de.mo/a/validate");
    expect(commandOf({ ...target, mode: "replay" }, false)).toBe("onbeat executions replay X");
    expect(commandOf({ ...target, mode: "replay" }, true)).toBeNull();
  });
  it("with labels as they are typed", () => {
    expect(labelOf(" team = a b ")).toBe("team:a b");
    expect(labelOf("team")).toBeNull();
  });
});

it("turns instants into local time and back", () => {
  expect(instantOf(localOf("2026-01-31T12:00:05Z"))).toBe("2026-01-31T12:00:05Z");
  expect(localOf("no")).toBe("");
  expect(instantOf("")).toBe("");
});
