import { describe, test } from "vitest";
import { differentiations, nestings, noConfusion } from "../../laws/derivatives/perturbation.ts";
import { mustHoldHere } from "../../laws/vitest.ts";

describe("no perturbation confusion", () => {
  test.each(nestings(differentiations()))("$name", (nesting) => {
    mustHoldHere([noConfusion], nesting);
  });
});
