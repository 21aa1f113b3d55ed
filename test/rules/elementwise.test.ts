import { describe, expect, test } from "vitest";
import { exact } from "../../laws/derivatives/derivatives.ts";
import { differentiations } from "../../laws/derivatives/perturbation.ts";
import { tensorOf } from "../../laws/domain.ts";
import { programOf } from "../../laws/symbolic.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul, pow, sub } from "../../src/ir/ops/elementwise.ts";

const scalar = { shape: [], dtype: "f64" } as const;
const valueOf = (f: (...xs: readonly Expr[]) => Expr, ...at: readonly number[]): number => {
  const p = programOf(
    at.map(() => scalar),
    (xs) => [f(...xs)],
  );
  const [y] = run(
    p,
    at.map((x) => tensorOf([], "f64", [x])),
  );
  return y?.item() ?? Number.NaN;
};
const power = (x: Expr | undefined, y: Expr | number | undefined): Expr =>
  pow(x as Expr, y as Expr);

describe.each(differentiations(exact))("powers, $name", ({ derivative: d }) => {
  // Found by Hessian symmetry: a guard against 0·∞ at y = 0 also removed the term's dependence on y.
  test("d²/dy dx xʸ = 1/x at y = 0", () => {
    const mixed = (x?: Expr, y?: Expr) => d((y) => d((x) => power(x, y))(x as Expr))(y as Expr);
    expect(valueOf(mixed, 0.5, 0)).toBe(2);
    expect(valueOf(mixed, 4, 0)).toBe(0.25);
  });

  test("d/dx xʸ is finite at 0 for constant whole y, and of every order", () => {
    const square = (x: Expr) => power(x, 2);
    expect(valueOf((x) => d(square)(x as Expr), 0)).toBe(0);
    expect(valueOf((x) => d(d(square))(x as Expr), 0)).toBe(2);
    expect(valueOf((x) => d(d(d(square)))(x as Expr), 0)).toBe(0);
    expect(valueOf((x) => d((x) => power(x, 0))(x as Expr), 0)).toBe(0);
  });

  test("d/dx x² = 2x for negative x, where the derivative by the exponent is NaN", () => {
    expect(valueOf((x) => d((x) => power(x, 2))(x as Expr), -1.5)).toBe(-3);
    expect(valueOf((x) => d((x) => mul(power(sub(x, 1), 2), 3))(x as Expr), -1)).toBe(-12);
  });
});
