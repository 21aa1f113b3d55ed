import { describe, test } from "vitest";
import { mapping } from "../../laws/batching.ts";
import { derivativeLaws } from "../../laws/derivatives.ts";
import { mustHold } from "../../laws/law.ts";
import { functionsOf, primitives } from "../../laws/registry/primitives.ts";

describe.each(primitives)("%s", (primitive) => {
  for (const f of functionsOf(primitive))
    for (const law of [...derivativeLaws(), mapping()])
      test(`${f.name}: ${law.name}`, () => {
        mustHold([law], f);
      });
});
