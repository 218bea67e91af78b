import { describe, expect, it } from "vitest";
import { plain, spans } from "@/parts/ansi";

describe("ansi", () => {
  it("leaves text without escapes as it is", () => {
    expect(spans("hello <b>\tx\ny")).toEqual([{ text: "hello <b>\tx\ny" }]);
    expect(plain("a\u0007b\u0000c")).toBe("abc");
  });

  it("turns colours and weight into spans", () => {
    expect(spans("\u001b[31mred\u001b[0m and \u001b[1;32mbold\u001b[22m green")).toEqual([
      { text: "red", colour: "red" },
      { text: " and " },
      { text: "bold", colour: "green", bold: true },
      { text: " green", colour: "green" },
    ]);
  });

  it("takes out what moves the cursor, links and titles, and survives a cut sequence", () => {
    expect(plain("a\u001b[2K\u001b[1Gb")).toBe("ab");
    expect(plain("\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\")).toBe("link");
    expect(plain("\u001b]0;title\u0007text")).toBe("text");
    expect(plain("end\u001b[3")).toBe("end[3");
    expect(spans("\u001b[38;5;196mx\u001b[39my")).toEqual([{ text: "x" }, { text: "y" }]);
  });

  it("gives the same text in spans as plain", () => {
    for (const text of ["\u001b[mplain", "x\u001b[91my\u001b[K\u001b[0mz", "\u001b[1m"]) {
      expect(
        spans(text)
          .map((each) => each.text)
          .join(""),
      ).toBe(plain(text));
    }
  });
});
