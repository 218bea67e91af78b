/** What the tabs of a browser tell each other about logins, and what the page knows of how one logs in. */
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("onbeat-login");

/** Tell the other tabs that somebody has logged in here: they have a new session, too. */
export function announce(): void {
  channel?.postMessage("login");
}

/** Hear of logins in other tabs; the answer ends it. */
export function heardLogins(listener: () => void): () => void {
  channel?.addEventListener("message", listener);
  return () => channel?.removeEventListener("message", listener);
}

/** Whether the server lets one log in by a provider; it writes so into the page. */
export const oidcOffered = document.querySelector<HTMLMetaElement>('meta[name="oidc"]')?.content === "on";

const PLACE = "onbeat-after-login";
const HOME = /^\/ui\/?$/;

/** Remember where this tab is: the way to a provider and back ends at the first page. */
export function keepPlace(): void {
  sessionStorage.setItem(PLACE, location.pathname + location.search);
}

/** Where this tab was before it went to a provider, once; null: it is not on its way back. Who turned round on the way stays where he is. */
export function takePlace(): string | null {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  return HOME.test(location.pathname) ? place : null;
}
