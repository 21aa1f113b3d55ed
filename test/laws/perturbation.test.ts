import { describe, test } from "vitest";
import { mustHold } from "../../laws/law.ts";
import { differentiations, nestings, noConfusion } from "../../laws/perturbation.ts";

describe("no perturbation confusion", () => {
  test.each(nestings(differentiations()))("$name", (nesting) => {
    mustHold([noConfusion], nesting);
  });
});
