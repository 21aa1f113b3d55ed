import { expect, it } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { exp, tanh } from "../../../src/ir/ops/elementwise.ts";
import { take } from "../../../src/ir/ops/indexing.ts";
import { concatenate } from "../../../src/ir/ops/structural.ts";
import { still } from "../../../src/nn/apply.ts";
import { affine } from "../../../src/nn/functional/affine.ts";
import type { Symbolic } from "../../../src/nn/layer.ts";
import { gruCell } from "../../../src/nn/layers/recurrent/cells.ts";
import { aligned, keysOf } from "../../../src/nn/models/attentionScores.ts";
import { type Seq2SeqParams, seq2seq } from "../../../src/nn/models/seq2seq.ts";
import { scalar, tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { map } from "../../../src/tree.ts";
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

it.each([
  ["luong", "after its step: s' = f(s, y), c = align(s', M)"],
  ["bahdanau", "before its step: c = align(s, M), s' = f(s, (y, c))"],
] as const)("%s attention looks %s", (attention, _) => {
  const source = { vocabulary: 5, length: 3, padding: 0 };
  const model = seq2seq({ source, vocabulary: 4, width: 2, hidden: 4, attention });
  const params = constants(model.init(key(3)).params) as Symbolic<Seq2SeqParams>;
  const token = constant(scalar(1, "i32")) as Expr<readonly []>;
  const first = attention === "bahdanau";
  const cell = gruCell(first ? 6 : 2, 4);
  const { carried, expected, logits, said } = valueOf(
    (told: Expr) => {
      const begun = model.begin(params, told) as Carried;
      const [logits, next] = model.step(params, token, begun);
      const { memory, real, state } = begun;
      const [s] = state as readonly [Expr];
      const look = (at: Expr): Expr =>
        aligned(params.alignment, at, keysOf(params.alignment, memory), memory, real);
      const y = take(params.target.table, token) as Expr;
      const input = first ? concatenate([y, look(s)], -1) : y;
      const [expected] = cell.step(params.decoder, [s], cell.project(params.decoder, input));
      const seen = look(first ? s : expected);
      const h = tanh(affine(params.combine, concatenate([seen, expected], -1)));
      const [carried, ...others] = (next as Carried).state as readonly [Expr];
      expect(others).toEqual([]);
      return { carried, expected, logits, said: affine(params.output, h) };
    },
    tensor([2, 4, 0], "i32"),
  );
  const near = (xs: readonly number[]) => xs.map((x) => expect.closeTo(x, 6));
  expect(numbers(carried)).toEqual(near(numbers(expected)));
  expect(numbers(logits)).toEqual(near(numbers(said)));
});

it("both embeddings begin with standard deviation 0.1", () => {
  const source = { vocabulary: 500, length: 3, padding: 0 };
  const { params } = seq2seq({ source, vocabulary: 500, width: 8, hidden: 2 }).init(key(3));
  for (const { table } of [params.source, params.target]) {
    const entries = numbers(table);
    // Of 4,000 draws it is within 5% of theirs, by more than four standard errors.
    const deviation = Math.sqrt(entries.reduce((sum, x) => sum + x * x, 0) / entries.length);
    expect(Math.abs(deviation / 0.1 - 1)).toBeLessThan(0.05);
  }
});

it("a model that copies mixes what it generates with the tokens that it attends to", () => {
  const source = { vocabulary: 4, length: 4, padding: 0 };
  const model = seq2seq({ source, vocabulary: 4, width: 2, hidden: 2, copies: true });
  const { params } = model.init(key(3));
  const none = map((x) => (x instanceof Tensor ? zeros(x.shape) : x), params) as Seq2SeqParams;
  // With params of 0 it generates each of four tokens with 1/4, copies each of three with 1/3, and does both half the time;
  // with a bias of log 4 it generates four times of five.
  const [third, quarter] = [1 / 3, 0.25];
  for (const [bias, generates] of [
    [0, 0.5],
    [Math.log(4), 0.8],
  ] as const) {
    const { weight } = none.copy as { readonly weight: Tensor };
    const gated = { ...none, copy: { weight, bias: tensor([bias]) } };
    const own = constants(gated) as Symbolic<Seq2SeqParams>;
    const said = valueOf(
      (told: Expr) =>
        exp(model.apply(own, undefined, told as Expr<readonly [number]>, still)[0]) as Expr,
      tensor([1, 1, 2, 0, 3], "i32"),
    );
    const wanted = [0, 2 * third, third, 0].map(
      (copied) => generates * quarter + (1 - generates) * copied,
    );
    numbers(said).forEach((p, i) => {
      expect(p).toBeCloseTo(wanted[i] ?? Number.NaN, 6);
    });
  }
  expect(() => seq2seq({ source, vocabulary: 5, width: 2, hidden: 2, copies: true })).toThrow(
    /copies/,
  );
});
