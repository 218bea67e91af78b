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
