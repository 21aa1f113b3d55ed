import { expect, it } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { still } from "../../../src/nn/apply.ts";
import type { Symbolic } from "../../../src/nn/layer.ts";
import { transformerEncoder } from "../../../src/nn/models/index.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import { constants, numbers, valueOf } from "../evaluated.ts";

/** The features of the tokens 1, 2 and 3 in an order, behind some tokens that are not read. */
const features = (
  places: { readonly alibi?: boolean; readonly rotary?: boolean },
  order: readonly number[],
  before = 0,
) => {
  const encoder = transformerEncoder({
    ...{ vocabulary: 4, width: 4, blocks: 2, heads: 2, ...places },
  });
  const own = constants(encoder.init(key(7)).params) as Symbolic<
    ReturnType<typeof encoder.init>["params"]
  >;
  const skipped = Array<number>(before).fill(0);
  const mask = constant(tensor([...skipped.map(() => false), ...order.map(() => true)]));
  const x = tensor([...skipped, ...order], "i32");
  return numbers(
    valueOf(
      (tokens: Expr) =>
        encoder.apply(own, undefined, tokens as Expr<readonly [number]>, { ...still, mask })[0],
      x,
    ),
  ).slice(4 * before);
};
const near = (x: readonly number[]) => x.map((y) => expect.closeTo(y, 5));

it("rotated positions tell the order of tokens, but not where the text begins", () => {
  const rotary = { rotary: true };
  expect(features(rotary, [1, 2, 3], 2)).toEqual(near(features(rotary, [1, 2, 3])));
  // Turned around, each token has the others on its other side.
  const turned = features(rotary, [3, 2, 1]);
  expect(turned.slice(8)).not.toEqual(near(features(rotary, [1, 2, 3]).slice(0, 4)));
});

it("a bias by distance does not tell the sides apart, and positions that are added tell where the text begins", () => {
  const alibi = { alibi: true };
  expect(features(alibi, [3, 2, 1]).slice(8)).toEqual(near(features(alibi, [1, 2, 3]).slice(0, 4)));
  expect(features({}, [1, 2, 3], 2)).not.toEqual(near(features({}, [1, 2, 3])));
});
