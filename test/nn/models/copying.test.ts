import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { exp } from "../../../src/ir/ops/elementwise.ts";
import { still } from "../../../src/nn/apply.ts";
import { beamSearch, compileDecoder } from "../../../src/nn/generate/index.ts";
import type { Symbolic } from "../../../src/nn/layer.ts";
import {
  type TransformerDecoderParams,
  transformer,
  transformerDecoder,
} from "../../../src/nn/models/index.ts";
import { scalar, tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { map } from "../../../src/tree.ts";
import { layerStanding } from "../../backend/standing.ts";
import { constants, numbers, valueOf } from "../evaluated.ts";

const sizes = { width: 2, blocks: 1, heads: 1, hidden: 2, norm: "pre" } as const;

/** The last features are (1, 0), generate with 1/8, 1/4, 1/8, 1/2, and have a gate of 3/4. */
const fixed = (): TransformerDecoderParams => {
  const { init } = transformerDecoder({ ...sizes, vocabulary: 4, copies: true });
  const none = map((x) => (x instanceof Tensor ? zeros(x.shape) : x), init(key(1))) as ReturnType<
    typeof init
  >;
  const identity = tensor([
    [1, 0],
    [0, 1],
  ]);
  return {
    ...none,
    last: { scale: zeros([2]), offset: tensor([1, 0]) },
    output: { weight: zeros([2, 4]), bias: tensor([0, Math.log(2), 0, Math.log(4)]) },
    copy: {
      query: { weight: identity, bias: zeros([2]) },
      key: { weight: identity, bias: zeros([2]) },
      gate: { weight: tensor([[Math.log(3)], [5]]), bias: tensor([0]) },
    },
  };
};
/** Three places are attended to with 1/6, 2/6 and 3/6; the fourth is not real, and its memory no number. */
const memory = tensor(
  [1, 2, 3, Number.NaN].map((times) => [Math.SQRT2 * Math.log(times), times * 0.1]),
);
const [mask, tokens] = [tensor([true, true, true, false]), tensor([2, 0, 2, 1], "i32")];
/** 3/4 of what is generated, and 1/4 of the tokens 2, 0 and 2. */
const wanted = [3 / 32 + 1 / 12, 3 / 16, 3 / 32 + 1 / 6, 3 / 8];

it("mixes what is generated with what is copied as the gate and the attention say, by hand", () => {
  const decoder = transformerDecoder({ ...sizes, vocabulary: 4, copies: true });
  const own = constants(fixed()) as Symbolic<TransformerDecoderParams>;
  const begun = decoder.begin(5);
  const [whole, stepped] = valueOf(
    (from: Expr, read: Expr): readonly [Expr, Expr] => {
      const real = constant(mask);
      const x = constant(tensor([3, 1], "i32")) as Expr<readonly [number]>;
      const [logits] = decoder.over(from, real, read).apply(own, undefined, x, still);
      const one = constant(scalar(3, "i32"));
      return [exp(logits), exp(decoder.step(own, one, from, begun, real, read)[0])];
    },
    memory,
    tokens,
  );
  const near = (p: number) => expect.closeTo(p, 6);
  expect(numbers(whole)).toEqual([...wanted, ...wanted].map(near));
  expect(numbers(stepped)).toEqual(wanted.map(near));
});

it("without the tokens of its source it only generates", () => {
  const decoder = transformerDecoder({ ...sizes, vocabulary: 4, copies: true });
  const own = constants(fixed()) as Symbolic<TransformerDecoderParams>;
  const said = valueOf(
    (from: Expr) =>
      exp(
        decoder
          .over(from)
          .apply(own, undefined, constant(tensor([3], "i32")) as Expr<readonly [number]>, still)[0],
      ),
    zeros([3, 2]),
  );
  expect(numbers(said)).toEqual([1, 2, 1, 4].map((p) => expect.closeTo(p, 6)));
});

it("a beam finds the likeliest of all sequences, and says how likely it is, padding or not", () => {
  const source = { vocabulary: 4, length: 4, padding: 0 };
  const model = transformer({
    ...sizes,
    width: 4,
    source,
    vocabulary: 4,
    positions: 3,
    copies: true,
  });
  const { params } = model.init(key(5));
  const own = constants(params) as Symbolic<typeof params>;
  const likelihoods = (text: readonly number[]): readonly number[] =>
    numbers(
      valueOf(
        (x: Expr) => model.apply(own, undefined, x as Expr<readonly [number]>, still)[0],
        tensor([3, 2, 0, 0, ...text], "i32"),
      ),
    );
  const four = [0, 1, 2, 3];
  const all = four.flatMap((a) => {
    const logits = likelihoods([1, a]);
    return four.map((b) => ({ tokens: [a, b], log: (logits[a] ?? 0) + (logits[4 + b] ?? 0) }));
  });
  const [best] = all.toSorted((a, b) => b.log - a.log);
  const found = Effect.runSync(
    Effect.gen(function* () {
      const from = yield* Effect.provide(compileDecoder(model), layerStanding);
      return yield* beamSearch(yield* from(params, [3, 2]), { from: [1], length: 2, width: 16 });
    }),
  );
  expect(found[0]?.tokens).toEqual(best?.tokens);
  expect(found[0]?.logProbability).toBeCloseTo(best?.log ?? 0, 4);
  // The probabilities of all sequences make one.
  expect(all.reduce((sum, { log }) => sum + Math.exp(log), 0)).toBeCloseTo(1, 5);
});

it.each(["copies", "tied"])("%s one vocabulary alone", (argument) => {
  const source = { vocabulary: 4, length: 4, padding: 0 };
  expect(() =>
    transformer({ ...sizes, source, vocabulary: 5, positions: 2, [argument]: true }),
  ).toThrow(expect.objectContaining({ _tag: "InvalidArgument", op: "transformer", argument }));
});
