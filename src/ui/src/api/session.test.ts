import { describe, expect, it } from "vitest";
import { type Me, may, session } from "@/api/session";

const me = (namespaces: Me["namespaces"], csrfToken = "a"): Me =>
  ({ name: "ada", kind: "user", user: "ada", grants: [], scopes: null, namespaces, csrfToken }) as unknown as Me;

describe("the session", () => {
  it("keeps who it was when it ends, so that the page stays, and tells so once", () => {
    const heard: boolean[] = [];
    session.set(me({ read: null }));
    const stop = session.subscribe(() => heard.push(session.ended));
    session.lost();
    session.lost();
    expect(session.current?.name).toBe("ada");
    expect(heard).toEqual([true]);
    session.set(me({ read: null }, "b"));
    expect(session.ended).toBe(false);
    expect(session.csrfToken).toBe("b");
    stop();
  });

  it("cannot end before it began", () => {
    session.set(null);
    session.lost();
    expect(session.ended).toBe(false);
  });

  it("says what may be done where, with the namespaces below", () => {
    const some = me({ read: null, write: ["shop"], run: [] });
    expect([may(some, "read"), may(some, "read", "x"), may(some, "write"), may(some, "write", "shop.orders")]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([may(some, "write", "shopping"), may(some, "run"), may(some, "admin"), may(null, "read")]).toEqual([false, false, false, false]);
  });
});
