/** Read what an address holds after its `?`: every raw value is a text or a list of texts, and may be anything. */

/** The first text; undefined when there is none. */
export function one(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" && first !== "" ? first : undefined;
}

/** A number from 1 on, as its digits; undefined for anything else. */
export function natural(value: unknown): string | undefined {
  const digits = one(value);
  return digits !== undefined && /^[1-9]\d{0,8}$/.test(digits) ? digits : undefined;
}

/** All texts; undefined when there are none. */
export function several(value: unknown): string[] | undefined {
  const all = (Array.isArray(value) ? value : [value]).filter((each): each is string => typeof each === "string" && each !== "");
  return all.length > 0 ? all : undefined;
}

/** One of the allowed words; undefined for anything else. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === one(value));
}
