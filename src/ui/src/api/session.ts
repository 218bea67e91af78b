/** Who is logged in, as this tab knows it. The cookie itself is not readable by scripts. */
import type { components } from "@/api/schema";

export type Me = components["schemas"]["Me"];
export type Permission = keyof Me["namespaces"];
type Listener = (me: Me | null) => void;

class Session {
  csrfToken: string | null = null;
  private me: Me | null = null;
  private over = false;
  private readonly listeners = new Set<Listener>();

  /** The caller, once `/me` has answered; also after his session has ended, until somebody else logs in. */
  get current(): Me | null {
    return this.me;
  }

  /** The session has ended while a page was open: what is written in it must not be lost, so that the page stays. */
  get ended(): boolean {
    return this.over;
  }

  set(me: Me | null): void {
    this.me = me;
    this.over = false;
    this.csrfToken = me?.csrfToken ?? null;
    this.tell();
  }

  /** The server said 401: the login form comes, over the page where there is one. */
  lost(): void {
    if (!this.me || this.over) return;
    this.over = true;
    this.tell();
  }

  subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private tell(): void {
    for (const each of this.listeners) each(this.me);
  }
}

export const session = new Session();

/** Whether the caller may do this here. namespace undefined: somewhere. The server decides; this only hides what it would refuse. */
export function may(me: Me | null, permission: Permission, namespace?: string): boolean {
  const where = me?.namespaces[permission];
  if (where === undefined) return false;
  if (where === null) return true;
  return namespace === undefined ? where.length > 0 : where.some((outer) => namespace === outer || namespace.startsWith(`${outer}.`));
}
