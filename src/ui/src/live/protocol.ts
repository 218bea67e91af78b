/** What pages and the hub of live streams tell each other. */

/** A stream of the API: its path below /api/v1/main, with its query. */
export type StreamPath = string;

export interface StreamEvent {
  /** snapshot, changes, progress, change, end, event, reset, refused, closed, ... as the route names them. */
  name: string;
  /** The position in the journal or topic; null where the frame has none. */
  id: number | null;
  data: unknown;
}

/** idle: nobody follows anything. live: connected. connecting: not yet, or again after a change of pages. lost: the connection broke; tried again by itself. */
export type LiveStatus = "idle" | "connecting" | "live" | "lost";

export type ToHub =
  | { kind: "open"; name: string; path: StreamPath }
  | { kind: "close"; name: string }
  | { kind: "bye" }
  | { kind: "lock"; lock: string }
  | { kind: "again" };
export type FromHub = { kind: "event"; name: string; event: StreamEvent } | { kind: "status"; status: LiveStatus };
