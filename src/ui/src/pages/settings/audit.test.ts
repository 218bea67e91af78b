import { describe, expect, it } from "vitest";
import { countText, differences, isLong, rowText } from "@/pages/settings/audit";

describe("a row of the audit log", () => {
  it("tells what came, went and changed, by path, and not what stayed", () => {
    const before = { email: null, disabled: false, grants: [{ role: "viewer" }], old: 1, same: { a: [1] } };
    const after = {
      email: "a@example.org",
      disabled: true,
      grants: [{ role: "editor", namespace: "shop" }, { role: "viewer" }],
      same: { a: [1] },
    };
    expect(differences(before, after)).toEqual([
      { path: "email", kind: "added", before: "", after: "a@example.org" },
      { path: "disabled", kind: "changed", before: "false", after: "true" },
      { path: "grants[0].role", kind: "changed", before: "viewer", after: "editor" },
      { path: "grants[0].namespace", kind: "added", before: "", after: "shop" },
      { path: "grants[1]", kind: "added", before: "", after: '{\n  "role": "viewer"\n}' },
      { path: "old", kind: "removed", before: "1", after: "" },
    ]);
  });

  it("tells each value of what was made or removed as a whole", () => {
    expect(differences(null, { name: "ci", user: null, scopes: ["x"] })).toEqual([
      { path: "name", kind: "added", before: "", after: "ci" },
      { path: "scopes", kind: "added", before: "", after: '[\n  "x"\n]' },
    ]);
    expect(differences({ name: "ci" }, null)).toEqual([{ path: "name", kind: "removed", before: "ci", after: "" }]);
  });

  it("takes anything", () => {
    expect(differences(null, undefined)).toEqual([]);
    expect(differences(1, 1)).toEqual([]);
    expect(differences("a", { a: 1 })).toEqual([{ path: "", kind: "changed", before: "a", after: '{\n  "a": 1\n}' }]);
    expect(differences(null, "x")).toEqual([{ path: "", kind: "added", before: "", after: "x" }]);
    expect(differences({}, Object.fromEntries(Array.from({ length: 999 }, (_, n) => [n, n]))).length).toBe(200);
  });

  it("shows long texts line by line", () => {
    const [long] = differences({ source: "id: a\ntasks: []" }, { source: "id: a\ntasks: [b]" });
    expect(long && isLong(long)).toBe(true);
    const [short] = differences({ a: 1 }, { a: 2 });
    expect(short && isLong(short)).toBe(false);
  });

  it.each([
    ["POST", "/executions/shop.orders/order", "execution start", "shop.orders.order"],
    ["POST", "/executions/trigger/shop/order", "execution start", "shop.order"],
    ["DELETE", "/executions/0351uAof8bvcPvsRuEhxSJ/kill", "execution kill", "0351uAof8bvcPvsRuEhxSJ"],
    ["POST", "/executions/0351uAof8bvcPvsRuEhxSJ/actions/restart", "execution restart", "0351uAof8bvcPvsRuEhxSJ"],
    ["POST", "/executions/0351uAof8bvcPvsRuEhxSJ/pause", "execution pause", "0351uAof8bvcPvsRuEhxSJ"],
    ["DELETE", "/executions/0351uAof8bvcPvsRuEhxSJ", "execution delete", "0351uAof8bvcPvsRuEhxSJ"],
    ["POST", "/events/shop.orders", "event publish", "shop.orders"],
    ["POST", "/events/dead/12/replay", "event replay", "12"],
    ["PUT", "/namespaces/a%20b/kv/color", "value set", "a b: color"],
    ["PUT", "/namespaces/shop/secrets", "secret set", "shop"],
    ["DELETE", "/namespaces/shop/secrets/BANK", "secret delete", "shop: BANK"],
    ["POST", "/namespaces/shop/files", "file save", "shop"],
    ["POST", "/executions/labels/by-ids", "posted", "/executions/labels/by-ids"],
    ["POST", "/flows/import", "posted", "/flows/import"],
  ])("says of %s %s that it is a %s", (method, path, did, on) => expect(rowText(method, path)).toEqual({ did, on }));

  it("is said in words", () => {
    expect(rowText("user.change", "user:bob")).toEqual({ did: "user change", on: "bob" });
    expect(rowText("login", "user:ada")).toEqual({ did: "login", on: "user:ada" });
    expect(rowText("PUT", "/namespaces/a%20b")).toEqual({ did: "put", on: "/namespaces/a b" });
    expect(rowText("PUT", "/a%ZZ")).toEqual({ did: "put", on: "/a%ZZ" });
  });

  it("has its changes in a few words", () => {
    expect(countText(null, null)).toBe("");
    expect(countText({ a: 1, b: 1 }, { a: 2, b: 2 })).toBe("a, b");
    expect(countText({}, { a: 1, b: 1, c: 1, d: 1 })).toBe("4 values");
    expect(countText(null, "x")).toBe("added");
  });
});
