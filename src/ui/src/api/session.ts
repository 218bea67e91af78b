/** Who is logged in, as this tab knows it. The cookie itself is not readable by scripts. */
import type { components } from "@/api/schema";

export type Me = components["schemas"]["Me"];
export type Permission = keyof Me["namespaces"];
type Listener = (me: Me | null) => void;

class Session {
  csrfToken: string | null = null;
  private me: Me | null = null;
  private readonly listeners = new Set<Listener>();

  /** The caller, once `/me` has answered. */
  get current(): Me | null {
    return this.me;
  }

  set(me: Me | null): void {
    this.me = me;
    this.csrfToken = me?.csrfToken ?? null;
    for (const each of this.listeners) each(me);
  }

  /** The server said 401: the pages give way to the login form. */
  lost(): void {
    if (this.me) this.set(null);
  }

  subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export const session = new Session();

/** Whether the caller may do this here. namespace undefined: somewhere. The server decides; this only hides what it would refuse. */
export function may(me: Me | null, permission: Permission, namespace?: string): boolean {
  const where = me?.namespaces[permission];
  if (where === undefined) return false;
  if (where === null) return true;
  return namespace === undefined ? where.length > 0 : where.some((outer) => namespace === outer || namespace.startsWith(`${outer}.`));
}
