import { describe, expect, it } from "vitest";
import { natural } from "@/parts/address";

describe("natural", () => {
  it.each(["1", "12", "999999999"])("takes %s", (digits) => expect(natural(digits)).toBe(digits));
  it.each([undefined, "", "0", "-1", "1.5", "1e3", "01", "9999999999", "x", {}])("takes no %s", (wrong) =>
    expect(natural(wrong)).toBeUndefined(),
  );
});
