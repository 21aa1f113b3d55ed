import { expect, it } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { concatenate } from "../../../src/ir/ops/structural.ts";
import { affine } from "../../../src/nn/functional/affine.ts";
import type { Symbolic } from "../../../src/nn/layer.ts";
import { aligned, keysOf } from "../../../src/nn/models/attentionScores.ts";
import { type Seq2SeqParams, seq2seq } from "../../../src/nn/models/seq2seq.ts";
import { scalar, tensor } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import { constants, numbers, valueOf } from "../evaluated.ts";

/** The carry of a decoder: the memory, its real positions, and its vectors, of which the last is fed. */
interface Carried {
  readonly memory: Expr;
  readonly real: Expr;
  readonly state: readonly Expr[];
}

it("input feeding passes on the attended output, Luong's h = tanh(C (c, s))", () => {
  const source = { vocabulary: 5, length: 3, padding: 0 };
  const model = seq2seq({ source, vocabulary: 4, width: 2, hidden: 4, attention: "luong-fed" });
  const params = constants(model.init(key(3)).params) as Symbolic<Seq2SeqParams>;
  const token = constant(scalar(1, "i32")) as Expr<readonly []>;
  const { nothing, fed, expected, logits, said } = valueOf(
    (told: Expr) => {
      const begun = model.begin(params, told) as Carried;
      const [, once] = model.step(params, token, begun);
      const [logits, twice] = model.step(params, token, once);
      const { memory, real, state } = twice as Carried;
      const [s, h] = state as readonly [Expr, Expr];
      const seen = aligned(params.alignment, s, keysOf(params.alignment, memory), memory, real);
      const expected = tanh(affine(params.combine, concatenate([seen, s], -1))) as Expr;
      const nothing = begun.state.at(-1) as Expr;
      return { nothing, fed: h, expected, logits, said: affine(params.output, expected) };
    },
    tensor([2, 4, 0], "i32"),
  );
  expect(numbers(nothing)).toEqual([0, 0, 0, 0]);
  expect(numbers(fed)).toEqual(numbers(expected));
  expect(numbers(logits)).toEqual(numbers(said));
});
