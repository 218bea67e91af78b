import { describe, expect, it } from "vitest";
import { isMissingPart, loading } from "@/app/updated";

describe("a part of the page that is not there any more", () => {
  it("is known by what browsers and Vite say", () => {
    expect(isMissingPart(new Error("Unable to preload CSS for /assets/FlowsPage-Dr38uCwA.css"))).toBe(true);
    expect(isMissingPart(new TypeError("error loading dynamically imported module: http://x/a.js"))).toBe(true);
    expect(isMissingPart(new Error("x is not a function"))).toBe(false);
    expect(isMissingPart("Unable to preload CSS")).toBe(false);
  });

  it("is told in the router's words, anything else as it is", async () => {
    const wrong = new Error("Unable to preload CSS for /a.css");
    const there = () => Promise.resolve(new Response("", { status: 503 }));
    await expect(loading(() => Promise.reject(wrong), there)()).rejects.toThrow(/^Failed to fetch dynamically imported module: Unable/);
    const other = new Error("x is not a function");
    await expect(loading(() => Promise.reject(other))()).rejects.toBe(other);
    await expect(loading(() => Promise.resolve(1))()).resolves.toBe(1);
  });

  it("is none where the server cannot be reached", async () => {
    const gone = new TypeError("Failed to fetch");
    const load = loading(
      () => Promise.reject(new Error("Unable to preload CSS for /a.css")),
      () => Promise.reject(gone),
    );
    await expect(load()).rejects.toBe(gone);
  });
});
