import { isLeft } from "fp-ts/lib/Either.js";
import { expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import { locality } from "../../laws/networks/locality.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { spatial } from "../../laws/registry/networks/spatial.ts";
import { exampleOfLayer } from "../../laws/subjects.ts";
import { holds } from "../../laws/vitest.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { dot } from "../../src/ir/ops/contraction.ts";
import { lambda } from "../../src/nn/layers/lambda.ts";
import { tensor } from "../../src/tensor/constructors.ts";

/** Layers whose outputs depend on few positions, or on the positions that a mask selects. */
const local = new Set([
  ...Object.keys(spatial),
  ...["timeDistributed", "masked", "maskedMeanPool", "parallel", "rnn", "scanLayer"],
  ...["instanceNorm", "groupNorm", "layerNorm", "localResponseNorm", "topKRouting"],
]);

/** Exceptions, and the reasons. */
const except: { readonly [name: string]: string } = {
  "masked, setting 2":
    "a place that some queries see is multiplied by 0 for those that do not, as scaledDotProductAttention says",
};

/** A product shares the derivative of a maximum, with factors of 0 for the other elements of the window. */
const shared = /max|unpooled/i;

holds(
  [locality({ gradients: ({ name }) => !shared.test(name) })],
  layerCases
    .filter(({ name }) => local.has(name.split(",")[0] as string) && except[name] === undefined)
    .map(({ name, layer, shape }) => ({ ...exampleOfLayer(layer, shape, "eval"), name })),
  { runs: 1 },
);

test("means computed as products with a dense matrix are caught", () => {
  const matrix = constant(
    tensor(
      [
        [0.5, 0.5, 0, 0],
        [0, 0, 0.5, 0.5],
      ],
      "f64",
    ),
  );
  const dense = lambda("dense means", (x: Expr) => dot(matrix, x, [[1], [0]]));
  const verdict = check(locality(), exampleOfLayer(dense, [4, 1], "eval"));
  expect(isLeft(verdict) && verdict.left.reason).toContain("changes where element");
});
