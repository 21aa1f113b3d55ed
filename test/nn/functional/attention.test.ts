import { describe, expect, it } from "vitest";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import {
  alibiBias,
  alibiSlopes,
  attentionWeights,
  scaledDotProductAttention,
} from "../../../src/nn/functional/attention.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { numbers, valueOf } from "../evaluated.ts";

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "positions that no query sees are not read, and may be %d",
  (hidden) => {
    const query = tensor([
      [1, 2],
      [3, -1],
    ]);
    const rows = [
      [0.5, 1],
      [-1, 2],
    ];
    const attended = (places: readonly (readonly number[])[], sees: readonly boolean[][]) =>
      numbers(
        valueOf(
          (q: Expr, kv: Expr, mask: Expr) => scaledDotProductAttention(q, kv, kv, { mask }),
          query,
          tensor(places),
          tensor(sees),
        ),
      );
    const seen = attended(rows, [
      [true, false],
      [true, true],
    ]);
    expect(seen.every(Number.isFinite)).toBe(true);
    const beside = attended(
      [...rows, [hidden, hidden]],
      [
        [true, false, false],
        [true, true, false],
      ],
    );
    expect(beside).toEqual(seen);
  },
);

describe("attention with linear biases", () => {
  // Press et al. (2021), section 3: 8 heads have 1/2, 1/4, …, 1/256, and 16 the geometric means between them, too. The
  // authors' code gives 12 heads those of 8, then every other one of 16.
  it("has the slopes of the paper, for numbers of heads that are powers of two and for others", () => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((h) => 2 ** -h);
    expect(alibiSlopes(8)).toEqual(eight);
    const sixteen = alibiSlopes(16);
    expect(sixteen.filter((_, h) => h % 2 === 1)).toEqual(eight);
    sixteen.forEach((slope, h) => {
      expect(slope).toBeCloseTo(2 ** (-0.5 * (h + 1)), 15);
    });
    expect(alibiSlopes(12)).toEqual([...eight, ...[0, 2, 4, 6].map((h) => sixteen[h])]);
    expect(alibiSlopes(1)).toEqual([2 ** -8]);
  });

  it("takes the slope times the distance from the scores, to both sides", () => {
    const at = (...places: readonly number[]) => constant(tensor(places, "i32"));
    const bias = valueOf(() => alibiBias(2, at(1), at(0, 1, 4), "f64"));
    expect(bias.shape).toEqual([2, 1, 3]);
    expect(numbers(bias)).toEqual([-1 / 16, 0, -3 / 16, -1 / 256, 0, -3 / 256].map((x) => x + 0));
    const even = valueOf(
      (q: Expr) => {
        const weights = attentionWeights<Expr, Expr>(
          q,
          q,
          undefined,
          alibiBias(1, at(1), at(0, 1)),
        );
        return weights;
      },
      tensor([[0], [0]]),
    );
    const share = 1 / (1 + Math.exp(-1 / 256));
    numbers(even).forEach((w, i) => {
      expect(w).toBeCloseTo([1 - share, share][i % 2] as number, 6);
    });
  });
});
