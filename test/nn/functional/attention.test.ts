import { expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import { scaledDotProductAttention } from "../../../src/nn/functional/attention.ts";
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
