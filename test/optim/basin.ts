import type { Expr } from "../../src/ir/expr.ts";
import { add, mul, sin, square, sub } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { concatenate, reshape } from "../../src/ir/ops/structural.ts";
import type { Exprs } from "../../src/optim/transformation.ts";
import { tensor } from "../../src/tensor/constructors.ts";

/**
 * A loss of a vector of three and a matrix `[2, 3]`, in plain numbers and as a program:
 * `Σ a(p-c)²/2 + 0.1 Σ sin(3p) + (Σ up)²/2`. Params are nine numbers: the vector, then the matrix by rows.
 */

const a = [0.5, 2, 1, 3, 0.25, 1.5, 1, 0.75, 2];
const c = [1, -0.5, 0.25, -1, 0.5, 2, 0, -2, 1];
const u = [0.3, -0.2, 0.1, 0.4, 0.2, -0.3, 0.5, -0.1, 0.25];
export const start: readonly number[] = [0.5, 0.8, -0.7, 1.1, 0.4, -0.6, 0.9, -0.3, 0.2];

export const startTree = {
  b: tensor(start.slice(0, 3), "f64"),
  w: tensor([start.slice(3, 6), start.slice(6)], "f64"),
};

export const loss = (params: Exprs): Expr<readonly []> => {
  const { b, w } = params as { readonly b: Expr; readonly w: Expr };
  const p = concatenate([b, reshape(w, [6])]);
  const far = mul(
    square(sub(p, tensor(c, "f64"))),
    tensor(
      a.map((x) => x / 2),
      "f64",
    ),
  );
  const waves = mul(sin(mul(p, 3)), 0.1);
  const along = sum(mul(p, tensor(u, "f64")));
  return add(sum(add(far, waves)), mul(square(along), 0.5)) as Expr<readonly []>;
};

const at = (xs: readonly number[], i: number): number => xs[i] as number;
const inner = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((total, v, i) => total + v * at(y, i), 0);

/** The gradient at nine params. */
export const slope = (p: readonly number[]): readonly number[] =>
  p.map((x, i) => at(a, i) * (x - at(c, i)) + 0.3 * Math.cos(3 * x) + inner(u, p) * at(u, i));

/** The Hessian at nine params times a vector. */
export const curvature = (p: readonly number[], v: readonly number[]): readonly number[] =>
  p.map((x, i) => (at(a, i) - 0.9 * Math.sin(3 * x)) * at(v, i) + inner(u, v) * at(u, i));
