import { beforeEach, describe, expect, it } from "vitest";
import { keepPlace, takePlace } from "@/app/logins";

const go = (address: string) => history.replaceState(null, "", address);

describe("the place of a tab on its way to a provider", () => {
  beforeEach(() => sessionStorage.clear());

  it("is where it comes back to, once", () => {
    go("/ui/flows?q=charge");
    keepPlace();
    go("/ui/");
    expect(takePlace()).toBe("/ui/flows?q=charge");
    expect(takePlace()).toBeNull();
  });

  it("is forgotten when it turned round on the way", () => {
    go("/ui/flows");
    keepPlace();
    expect(takePlace()).toBeNull();
    go("/ui/");
    expect(takePlace()).toBeNull();
  });
});
