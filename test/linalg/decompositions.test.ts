import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { grad, ReverseMode } from "../../src/autodiff/index.ts";
import { issuesOf } from "../../src/backend/check.ts";
import { SyncBackend } from "../../src/backend/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant, parameter } from "../../src/ir/build.ts";
import type { Expr, Program } from "../../src/ir/expr.ts";
import { matmul } from "../../src/ir/ops/contraction.ts";
import { sub as minus, mul, square } from "../../src/ir/ops/elementwise.ts";
import { take } from "../../src/ir/ops/indexing.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { index, transpose } from "../../src/ir/ops/structural.ts";
import { program } from "../../src/ir/program.ts";
import * as linalg from "../../src/linalg/index.ts";
import { eye, tensor } from "../../src/tensor/constructors.ts";
import { key, uniform } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { layerStanding } from "../backend/standing.ts";

const wasm = (made: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
  Effect.runSync(
    Effect.provide(
      Effect.flatMap(SyncBackend, (backend) => backend.compile(made)),
      layerStanding,
    ),
  ).run(inputs);

/** The outputs of a function of a matrix, in f64. */
const of = (
  f: (a: Expr) => readonly Expr[],
  given: Tensor,
  by: typeof run = run,
): readonly (readonly number[])[] => {
  const a = given.cast("f64");
  const x = parameter(a);
  return by(program([x], f(x)), [a]).map((y) => Array.from(y.toTypedArray()));
};

const greatest = (xs: readonly number[] | undefined): number =>
  (xs ?? [Number.NaN]).reduce((m, x) => (Number.isNaN(x) ? x : Math.max(m, Math.abs(x))), 0);

const sub = (x: Expr, y: Expr): Expr => minus(x, y);
const identity = (n: number): Expr => constant(eye(n).cast("f64"));

const gradient = (f: (a: Expr) => Expr, a: Tensor): readonly number[] =>
  of((x) => {
    const scalar = (y: Expr): Expr<readonly []> => f(y) as Expr<readonly []>;
    return [Effect.runSync(Effect.provide(grad(scalar), ReverseMode.layerTape))(x)];
  }, a)[0] ?? [];

const symmetric = (n: number): Tensor => {
  const x = uniform(key(n), [n, n]);
  const [made] = of((a) => [matmul(a, transpose(a))], x);
  return tensor(Array.from({ length: n }, (_, i) => made?.slice(i * n, (i + 1) * n) ?? []));
};

describe.each([1, 2, 3, 8, 33, 64])("matrices of %i rows", (n) => {
  const x = uniform(key(n + 100), [n, n]);

  test("equal the product of their eigenvalues and eigenvectors", () => {
    const [rest, unit] = of(
      (a) => {
        const { values, vectors } = linalg.eigh(a);
        const back = matmul(mul(vectors, values) as Expr, transpose(vectors));
        return [
          sum(mul(sub(back, a), sub(back, a)) as Expr) as Expr,
          sub(matmul(transpose(vectors), vectors), identity(n)),
        ];
      },
      symmetric(n),
      wasm,
    );
    expect(greatest(rest)).toBeLessThan(1e-20 * n * n * n);
    expect(greatest(unit)).toBeLessThan(1e-13 * n);
  });

  test("equal the product of their singular values and vectors", () => {
    const [rest, left, right] = of(
      (a) => {
        const { u, s, v } = linalg.svd(a);
        const back = matmul(mul(u, s) as Expr, transpose(v));
        return [
          sub(back, a),
          sub(matmul(transpose(u), u), identity(n)),
          sub(matmul(transpose(v), v), identity(n)),
        ];
      },
      x,
      wasm,
    );
    for (const part of [rest, left, right]) expect(greatest(part)).toBeLessThan(1e-13 * n);
  });

  test("equal the product of their factors", () => {
    const parts = of(
      (a) => {
        const { q, r } = linalg.qr(a);
        const { lower, upper, order } = linalg.lu(a);
        return [
          sub(matmul(q, r), a),
          sub(matmul(transpose(q), q), identity(n)),
          sub(matmul(lower, upper), take(a, order)),
        ];
      },
      x,
      wasm,
    );
    for (const part of parts) expect(greatest(part)).toBeLessThan(1e-13 * n);
  });
});

test("small singular values are as accurate as large ones", () => {
  // A graded matrix: columns of sizes from 1 to 10⁻¹². The smallest would be lost in AᵀA.
  const scales = [1, 1e-4, 1e-8, 1e-12];
  const graded = tensor([
    [1, 1, 0, 0],
    [-1, 1, 0, 0],
    [0, 0, 1, 1],
    [0, 0, -1, 1],
  ]);
  const [s = []] = of(
    (a) => [
      linalg.singularValues(
        mul(a, constant(Tensor.own([4], "f64", Float64Array.from(scales)))) as Expr,
      ),
    ],
    graded,
  );
  scales.forEach((scale, i) => {
    expect(Math.abs((s[i] ?? 0) / (Math.SQRT2 * scale) - 1)).toBeLessThan(1e-13);
  });
});

describe("singular matrices have documented results", () => {
  test("a matrix that is not positive definite has a factor of NaN", () => {
    const [l] = of(
      (a) => [linalg.cholesky(a)],
      tensor([
        [1, 2],
        [2, 1],
      ]),
    );
    expect(l).toEqual([1, 0, 2, Number.NaN]);
  });

  test("the vectors of a matrix without full rank are orthonormal", () => {
    for (const a of [
      tensor([
        [1, 2],
        [2, 4],
        [3, 6],
      ]),
      tensor([
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    ]) {
      const [unit, back] = of((x) => {
        const { u, s, v } = linalg.svd(x);
        const whole = matmul(mul(u, s) as Expr, transpose(v));
        return [sub(matmul(transpose(u), u), identity(2)), sub(whole, x)];
      }, a);
      expect(greatest(unit)).toBeLessThan(1e-14);
      expect(greatest(back)).toBeLessThan(1e-14);
    }
  });

  test("equal eigenvalues: derivatives that do not depend on the basis are right", () => {
    // The sum of the squared eigenvalues is the sum of the squared elements, whose derivative is 2A.
    const f = (a: Expr): Expr => sum(square(linalg.eigh(a).values)) as Expr;
    expect(gradient(f, eye(3))).toEqual([2, 0, 0, 0, 2, 0, 0, 0, 2]);
    // V·diag(λ)·Vᵀ is A for any choice of V.
    const g = (a: Expr): Expr => {
      const { values, vectors } = linalg.eigh(a);
      return index(index(matmul(mul(vectors, values) as Expr, transpose(vectors)), 0), 0);
    };
    expect(gradient(g, eye(2))).toEqual([1, 0, 0, 0]);
  });

  test("the derivative of the determinant of a singular matrix is its cofactors", () => {
    const near = (xs: readonly number[], ys: readonly number[]): void =>
      ys.forEach((y, i) => {
        expect(xs[i]).toBeCloseTo(y, 12);
      });
    const shift = tensor([
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]);
    near(
      gradient((a) => linalg.determinant(a), shift),
      [0, 0, 0, 0, 0, 0, 1, 0, 0],
    );
    near(
      gradient(
        (a) => linalg.determinant(a),
        tensor([
          [1, 2],
          [2, 4],
        ]),
      ),
      [4, -2, -2, 1],
    );
    near(
      gradient((a) => linalg.determinant(a), tensor([[0]])),
      [1],
    );
  });

  test("a matrix that is not square is refused by the operation's name", () => {
    const x = parameter({ shape: [2, 3], dtype: "f32" });
    for (const f of [linalg.cholesky, linalg.inverse, linalg.determinant, linalg.eigh] as const) {
      const made = f(x);
      const outputs = "values" in made ? [made.values] : [made];
      const [issue] = issuesOf(program([x], outputs as readonly Expr[]));
      expect(issue).toMatchObject({ _tag: "ShapeMismatch", op: f.name });
    }
  });
});
