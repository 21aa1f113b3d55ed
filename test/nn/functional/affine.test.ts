import { expect, it } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { parameter } from "../../../src/ir/build.ts";
import { program } from "../../../src/ir/program.ts";
import { open, still, within } from "../../../src/nn/apply.ts";
import { squeezeExcite } from "../../../src/nn/layers/gating.ts";
import { layerNorm } from "../../../src/nn/layers/normalization/norm.ts";
import { key } from "../../../src/tensor/key.ts";
import { constants } from "../evaluated.ts";

it.each([
  ["layerNorm", layerNorm(3)],
  ["squeezeExcite", squeezeExcite(3, 1)],
])("%s with the wrong number of features is reported once, with its shape", (name, layer) => {
  const inner = open(layer);
  const { params, state } = inner.init(key(0));
  const x = parameter({ shape: [5, 2, 4], dtype: "f32" });
  const [y] = within(name, inner, constants(params), constants(state), x, still);
  expect(issuesOf(program([x], [y]))).toMatchObject([
    { _tag: "ShapeMismatch", actual: [[5, 2, 4]], path: [name] },
  ]);
  expect(y.shape).toEqual([5, 2, 3]);
});
