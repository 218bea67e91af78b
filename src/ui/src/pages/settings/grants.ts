/** What somebody may: grants of users and scopes of tokens, as they are edited, said and sent. */
import type { components } from "@/api/schema";

export type Role = components["schemas"]["Role"];
export type Permission = "read" | "run" | "publish" | "write" | "evaluate" | "admin";

export const ROLES = ["viewer", "operator", "editor", "admin"] as const satisfies readonly Role[];
export const ROLE_SAYS: Record<Role, string> = {
  viewer: "reads flows, executions, logs and values",
  operator: "also starts, kills, resumes and restarts, and publishes events",
  editor: "also writes flows, files, values and dashboards, and evaluates expressions",
  admin: "also keeps users, tokens and the server",
};
export const PERMISSIONS = ["read", "run", "publish", "write", "evaluate", "admin"] as const satisfies readonly Permission[];
export const PERMISSION_SAYS: Record<Permission, string> = {
  read: "Read",
  run: "Run and stop",
  publish: "Publish events",
  write: "Write flows, files, values",
  evaluate: "Evaluate expressions",
  admin: "Administer",
};

/** A place with what may be done there, as a form has it. namespace "": everywhere; topics null: those that the place has by itself. */
export interface Place {
  namespace: string;
  topics: string[] | null;
}
export type GrantRow = Place & { role: Role };
export type ScopeRow = Place & { permissions: Permission[] };

interface Shape {
  namespace?: string | null;
  topics?: readonly string[] | null;
}

const NAMESPACE = /^[a-z0-9][a-z0-9._-]*$/;

/** What is wrong with a place, in a sentence; null: nothing. */
export function wrongPlace(place: Place): string | null {
  if (place.namespace && (!NAMESPACE.test(place.namespace) || place.namespace.length > 150))
    return "Small letters, digits, `.`, `-` and `_`; empty for all namespaces.";
  if (place.topics?.some((topic) => !topic.trim())) return "A topic has a name.";
  return null;
}

/** What is wrong with all rows together; null: nothing. */
export function wrongRows(rows: readonly (GrantRow | ScopeRow)[]): string | null {
  for (const row of rows) {
    const wrong = wrongPlace(row);
    if (wrong) return wrong;
    if ("permissions" in row && row.permissions.length === 0) return "Each scope permits something.";
  }
  const keys = rows.map((row) => JSON.stringify(row));
  return new Set(keys).size < keys.length ? "Two rows say the same." : null;
}

const placeOf = (shape: Shape): Place => ({ namespace: shape.namespace ?? "", topics: shape.topics ? [...shape.topics] : null });
const shapeOf = (place: Place) => ({ namespace: place.namespace.trim() || null, topics: place.topics });

/** Grants of the API as rows of a form, and back. */
export const grantRows = (grants: readonly (Shape & { role: Role })[]): GrantRow[] =>
  grants.map((each) => ({ role: each.role, ...placeOf(each) }));
export const grantsOf = (rows: readonly GrantRow[]) => rows.map((row) => ({ role: row.role, ...shapeOf(row) }));
export const scopesOf = (rows: readonly ScopeRow[]) => rows.map((row) => ({ permissions: row.permissions, ...shapeOf(row) }));

/** `editor in shop, topics orders.*`; `viewer everywhere`. */
export function grantText(grant: Shape & { role: Role }): string {
  return `${grant.role} ${placeText(grant)}`;
}

/** `read, run in shop`. */
export function scopeText(scope: Shape & { permissions: readonly string[] }): string {
  return `${scope.permissions.join(", ")} ${placeText(scope)}`;
}

function placeText(shape: Shape): string {
  const where = shape.namespace ? `in ${shape.namespace}` : "everywhere";
  return shape.topics ? `${where}, topics ${shape.topics.length > 0 ? shape.topics.join(", ") : "none"}` : where;
}

/** As `onbeat users set NAME --grant …` takes it: `editor:shop@orders.*`. */
export function grantArgument(grant: Shape & { role: Role }): string {
  return `${grant.role}${grant.namespace ? `:${grant.namespace}` : ""}${grant.topics?.length ? `@${grant.topics.join(",")}` : ""}`;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._@+-]{0,127}$/;

/** What is wrong with the name of a user or token; null: nothing. */
export const wrongUserName = (name: string): string | null =>
  NAME.test(name) ? null : "Letters, digits and `.`, `_`, `@`, `+`, `-`, beginning with a letter or digit.";

/** What is wrong with a password; null: nothing. */
export function wrongPassword(password: string): string | null {
  if (password.length < 8) return "At least 8 characters.";
  return password.length > 1024 ? "At most 1,024 characters." : null;
}

const LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A password that nobody guesses: 20 letters without those that look alike, 115 bits. */
export function makePassword(
  random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
): string {
  const usable = 256 - (256 % LETTERS.length);
  let made = "";
  while (made.length < 20)
    for (const byte of random(new Uint8Array(32))) if (byte < usable && made.length < 20) made += LETTERS[byte % LETTERS.length];
  return made;
}
