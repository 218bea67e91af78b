import { MantineProvider } from "@mantine/core";
import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import MarkdownText from "@/parts/MarkdownText";

const shown = (text: string) =>
  render(
    <MantineProvider>
      <MarkdownText text={text} />
    </MantineProvider>,
  ).container;

/** What could run a script: elements, addresses, handlers. */
function dangers(root: ParentNode): string[] {
  const found: string[] = [];
  for (const element of root.querySelectorAll("*")) {
    if (
      /^(script|iframe|object|embed|img|svg|math|form|base|link|meta|video|audio|template)$/i.test(element.tagName) &&
      !element.closest("button")
    )
      found.push(element.tagName);
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) found.push(`${name}=${value}`);
      if (/^(href|src|action|formaction|xlink:href|srcdoc)$/i.test(name) && !/^(https?:\/\/|\/ui(\/|$)|#)/.test(value))
        found.push(`${name}=${value}`);
    }
  }
  return found;
}

const RUN = "window.ran=1";
const PAYLOADS = [
  `<script>${RUN}</script>`,
  `<img src=x onerror="${RUN}">`,
  `<svg onload="${RUN}"><script>${RUN}</script></svg>`,
  `<a href="javascript:${RUN}">a</a>`,
  `[a](javascript:${RUN})`,
  `[a](JaVaScRiPt:${RUN})`,
  `[a](<java\nscript:${RUN}>)`,
  `[a](javascript&colon;${RUN})`,
  `[a](&#106;avascript:${RUN})`,
  `[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`,
  `[a](vbscript:${RUN})`,
  `[a][b]\n\n[b]: javascript:${RUN}`,
  `![a](javascript:${RUN})`,
  `![a](https://example.org/track.png)`,
  `![a](data:image/svg+xml,<svg onload=${RUN}>)`,
  `![" onerror="${RUN}](x)`,
  `[a](https://example.org/" onmouseover="${RUN})`,
  `[a](https://example.org/ "x\\" onclick=\\"${RUN}")`,
  `<javascript:${RUN}>`,
  `<https://example.org/\u0022onclick=${RUN}>`,
  `[![a](javascript:${RUN})](javascript:${RUN})`,
  `[![a](https://example.org/x.png)](https://example.org)`,
  "```html\n<script>window.ran=1</script>\n```",
  '```" onclick="window.ran=1\nx\n```',
  `<iframe src="javascript:${RUN}"></iframe>`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<style>@import 'javascript:${RUN}'</style>`,
  `<base href="https://example.org/">`,
  `| a | <img src=x onerror=${RUN}> |\n|---|---|\n| [b](javascript:${RUN}) | c |`,
  `- [x] <b onclick=${RUN}>b</b>`,
  `a[^1]\n\n[^1]: [b](javascript:${RUN}) <script>${RUN}</script>`,
  `# <span id="root" onclick=${RUN}>title</span>`,
  `[a](/api/v1/main/logout)`,
  `[a](/login/abc)`,
];

describe("markdown that anybody wrote", () => {
  afterEach(cleanup);

  it.each(PAYLOADS)("runs nothing: %s", (payload) => {
    expect(dangers(shown(payload))).toEqual([]);
    expect((window as { ran?: number }).ran).toBeUndefined();
  });

  it("opens other sites in a tab that does not know this one", () => {
    const link = shown("[a](https://example.org)").querySelector("a");
    expect(link?.getAttribute("rel")).toBe("noopener noreferrer");
    expect(link?.getAttribute("target")).toBe("_blank");
  });

  it("keeps links of the app in the app", () => {
    const link = shown("[a](/ui/flows?q=x)").querySelector("a");
    expect(link?.getAttribute("href")).toBe("/ui/flows?q=x");
    expect(link?.hasAttribute("target")).toBe(false);
  });

  it("shows a picture as a link, and no link within a link", () => {
    const root = shown("![the plan](https://example.org/plan.png) [![b](https://example.org/b.png)](https://example.org)");
    expect(root.querySelectorAll("img")).toHaveLength(0);
    expect(root.textContent).toContain("Picture: the plan");
    expect(root.querySelectorAll("a a")).toHaveLength(0);
  });

  it("shows HTML as the text that it is", () => {
    expect(shown("<b>bold</b> text").textContent).toContain("<b>bold</b> text");
  });

  it("shows tables, code and headings below those of the page", () => {
    const root = shown("# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```yaml\nid: x\n```");
    expect(root.querySelector("h3")?.textContent).toBe("Title");
    expect(root.querySelectorAll("td")).toHaveLength(2);
    expect(root.querySelector("pre")?.textContent).toBe("id: x");
    expect(root.querySelector('[aria-label="Copy code"]')).not.toBeNull();
  });
});
