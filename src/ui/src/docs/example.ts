/** Examples of types as YAML. */
import { stringify } from "yaml";

export const WIDE = { lineWidth: 0, defaultStringType: "PLAIN", defaultKeyType: "PLAIN" } as const;

/** As it stands in a list of a flow. */
export const exampleText = (example: unknown): string =>
  typeof example === "string" ? example.trimEnd() : stringify(Array.isArray(example) ? example : [example], WIDE).trimEnd();
