import { describe, expect, it } from "vitest";
import { linkOf } from "@/parts/markdownLinks";

const at = (text: string) => linkOf(text, "https://onbeat.example.org");

describe("links of a text", () => {
  it("lead to http and https elsewhere", () => {
    expect(at("https://example.org/a?b#c")).toEqual({ kind: "outside", href: "https://example.org/a?b#c" });
    expect(at("HTTP://example.org")).toEqual({ kind: "outside", href: "http://example.org/" });
    expect(at("//example.org/x")).toEqual({ kind: "outside", href: "https://example.org/x" });
  });

  it("stay in the app where they are of the app", () => {
    expect(at("/ui/executions?state=FAILED")).toEqual({ kind: "app", href: "/ui/executions?state=FAILED" });
    expect(at("https://onbeat.example.org/ui/flows")).toEqual({ kind: "app", href: "/ui/flows" });
    expect(at("#user-content-fn-1")).toEqual({ kind: "place", href: "#user-content-fn-1" });
  });

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "javascript&colon;alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:https://onbeat.example.org/x",
    "file:///etc/passwd",
    "mailto:a@example.org",
    "ftp://example.org",
    "/login/abc",
    "/api/v1/main/logout",
    "https://onbeat.example.org/api/v1/main/logout",
    "/ui/../login/abc",
    "/uix",
    "relative/path",
    "http:",
    "https:relative",
    "",
  ])("lead nowhere: %j", (text) => {
    expect(at(text)).toBeNull();
  });
});
