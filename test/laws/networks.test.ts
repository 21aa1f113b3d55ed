import { describe, test } from "vitest";
import { mapping } from "../../laws/derivatives/batching.ts";
import { derivativeLaws, exact } from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import { layerLaws, layerSubject } from "../../laws/networks/layers.ts";
import { activationFunctions } from "../../laws/registry/networks/activations.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { lossFunctions } from "../../laws/registry/networks/losses.ts";
import { exampleOfLayer, functionOfLayer } from "../../laws/subjects.ts";
import { cotangentMap, programOf, type SymbolicFunction, typesOf } from "../../laws/symbolic.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";

const smooth = [...derivativeLaws(), chainRule(), hessianSymmetry(), mapping()];

describe("activations", () => {
  holds(smooth, activationFunctions);
});

describe("losses", () => {
  holds(smooth, lossFunctions);
});

/** The samples for a layer: fewer where it is made of many operations, since the layers within have laws of their own. */
const runsFor = (f: SymbolicFunction): number =>
  programOf(typesOf(f), f.apply).nodes.length > 80 ? 7 : 20;

describe("layers", () => {
  holds(
    layerLaws,
    layerCases.map(({ name, layer, shape }) => layerSubject(layer, shape, name)),
  );

  describe.each(layerCases)("$name", (subject) => {
    const { layer, shape, rough = false, elements, acrossExamples = false } = subject;

    test("derivatives by the input and by the params", () => {
      const whole = functionOfLayer(layer, shape, elements);
      const runs = runsFor(whole);
      mustHoldHere([...derivativeLaws(), hessianSymmetry()], { ...whole, rough }, { runs });
    });

    const modes = acrossExamples ? (["eval"] as const) : (["train", "eval"] as const);
    test.each(modes)("batch invariance, %s", (mode) => {
      const example = exampleOfLayer(layer, shape, mode);
      const runs = runsFor(example);
      mustHoldHere([mapping()], example, { runs });
      mustHoldHere([mapping()], cotangentMap(example, exact.reverse), { runs });
    });
  });
});
