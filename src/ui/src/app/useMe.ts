import { useSyncExternalStore } from "react";
import { type Me, may, type Permission, session } from "@/api/session";

/** Who is logged in. */
export function useMe(): Me | null {
  return useSyncExternalStore(session.subscribe, () => session.current);
}

/** Whether the session has ended while its page is still there. */
export function useEnded(): boolean {
  return useSyncExternalStore(session.subscribe, () => session.ended);
}

/** Whether the caller may do this in a namespace (without one: somewhere). */
export function useMay(permission: Permission, namespace?: string): boolean {
  return may(useMe(), permission, namespace);
}
