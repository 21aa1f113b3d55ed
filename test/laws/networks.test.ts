import { describe, test } from "vitest";
import { mapping } from "../../laws/derivatives/batching.ts";
import { derivativeLaws, exact } from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import { layerLaws, layerSubject } from "../../laws/networks/layers.ts";
import { activationFunctions } from "../../laws/registry/networks/activations.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { lossFunctions } from "../../laws/registry/networks/losses.ts";
import { exampleOfLayer, functionOfLayer } from "../../laws/subjects.ts";
import { cotangentMap } from "../../laws/symbolic.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";

const smooth = [...derivativeLaws(), chainRule(), hessianSymmetry(), mapping()];

describe("activations", () => {
  holds(smooth, activationFunctions);
});

describe("losses", () => {
  holds(smooth, lossFunctions);
});

describe("layers", () => {
  holds(
    layerLaws,
    layerCases.map(({ name, layer, shape }) => layerSubject(layer, shape, name)),
  );

  describe.each(layerCases)("$name", (subject) => {
    const { layer, shape, rough = false, elements, acrossExamples = false } = subject;

    test("derivatives by the input and by the params", () => {
      mustHoldHere([...derivativeLaws(), hessianSymmetry()], {
        ...functionOfLayer(layer, shape, elements),
        rough,
      });
    });

    const modes = acrossExamples ? (["eval"] as const) : (["train", "eval"] as const);
    test.each(modes)("batch invariance, %s", (mode) => {
      const example = exampleOfLayer(layer, shape, mode);
      mustHoldHere([mapping()], example);
      mustHoldHere([mapping()], cotangentMap(example, exact.reverse));
    });
  });
});
