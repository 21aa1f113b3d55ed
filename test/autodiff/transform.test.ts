import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { describe, expect, test } from "vitest";
import {
  checkpoint,
  cond,
  customDerivative,
  ForwardMode,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  ReverseMode,
  scan,
  valueAndGrad,
  vjp,
  vmap,
} from "../../src/autodiff/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { matmul } from "../../src/ir/ops/contraction.ts";
import { axisMean, axisSum, cast } from "../../src/ir/ops/control.ts";
import { add, exp, gt, log, mul, pow, sin, sub, tanh } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { program } from "../../src/ir/program.ts";
import { type Literal, tensor } from "../../src/tensor/constructors.ts";
import type { Nested } from "../../src/tensor/tensor.ts";

const exact = Layer.merge(ForwardMode.layerDual, ReverseMode.layerTape);
const differences = Layer.merge(
  ForwardMode.layerFiniteDifference,
  ReverseMode.layerFiniteDifference,
);
const services = [
  ["exact", exact],
  ["by differences", differences],
] as const;

type Modes = ForwardMode | ReverseMode;
type Vector = Expr<readonly [number]>;
type Scalar = Expr<readonly []>;

const given = (value: Literal): Expr => constant(tensor(value as never, "f64"));
const vector = (...xs: readonly number[]): Vector => given(xs) as Vector;
const scalar = (x: number): Scalar => given(x) as Scalar;
const valueOf = (x: Expr): Nested => run(program([], [x]), [])[0]?.toArray() ?? Number.NaN;

const flat = (n: Nested): readonly number[] => (typeof n === "number" ? [n] : n.flatMap(flat));
const near = (x: Expr, expected: Nested) => {
  const [actual, wanted] = [flat(valueOf(x)), flat(expected)];
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((w, i) => {
    expect(actual[i]).toBeCloseTo(w, 7);
  });
};

/** x₀² x₁ + sin(x₀): gradient (2x₀x₁ + cos x₀, x₀²), Hessian ((2x₁ - sin x₀, 2x₀), (2x₀, 0)). */
const f = (x: Vector): Scalar =>
  add(sum(mul(pow(x, given([2, 1])), given([1, 0]))), weigh(x)) as Expr as Scalar;
const weigh = (x: Vector): Expr => {
  const [first, second] = [sum(mul(x, given([1, 0]))), sum(mul(x, given([0, 1])))];
  const square: Expr = mul(first, first);
  // x₀² is already in the sum above, so here the term is x₀²(x₁ - 1) + sin(x₀).
  return add(mul(square, sub(second, 1)), sin(first)) as Expr;
};

describe.each(services)("transformations, %s", (_, layer) => {
  const made = <A>(effect: Effect.Effect<A, never, Modes>): A =>
    Effect.runSync(Effect.provide(effect, layer));
  const [a, b] = [0.5, 2];
  const at = vector(a, b);
  const gradient = [2 * a * b + Math.cos(a), a * a];
  const second = [
    [2 * b - Math.sin(a), 2 * a],
    [2 * a, 0],
  ];

  test("grad and valueAndGrad", () => {
    near(made(grad(f))(at), gradient);
    const [y, g] = made(valueAndGrad(f))(at);
    near(y, a * a * b + Math.sin(a));
    near(g, gradient);
  });

  test("grad of trees, with further arguments held constant", () => {
    const loss = (params: { readonly w: Vector; readonly b: Scalar }, x: Vector): Scalar =>
      sum(add(mul(params.w, x), params.b)) as Expr as Scalar;
    const g = made(grad(loss))({ w: at, b: scalar(3) }, vector(5, 7));
    near(g.w, [5, 7]);
    near(g.b, 2);
  });

  test("jvp and vjp", () => {
    const [y, dy] = made(jvp(f))(at, vector(1, 10));
    near(y, a * a * b + Math.sin(a));
    near(dy, (gradient[0] ?? 0) + 10 * (gradient[1] ?? 0));
    const [, pullback] = made(vjp(f))(at);
    near(
      pullback(scalar(3)),
      gradient.map((g) => 3 * g),
    );
  });

  test("Jacobians, by columns and by rows", () => {
    const g = (x: Vector): Vector =>
      matmul(
        given([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
        tanh(x),
      ) as Vector;
    const slope = [1 - Math.tanh(a) ** 2, 1 - Math.tanh(b) ** 2] as const;
    const expected = [
      [1 * slope[0], 2 * slope[1]],
      [3 * slope[0], 4 * slope[1]],
      [5 * slope[0], 6 * slope[1]],
    ];
    near(made(jacfwd(g))(at), expected);
    near(made(jacrev(g))(at), expected);
  });

  test("cond, checkpoint and custom rules", () => {
    const branchy = (x: Scalar): Scalar =>
      cond(
        gt(x, 1) as Scalar,
        (y) => mul(y, y) as Scalar,
        (y) => exp(y) as Scalar,
        x,
      );
    near(made(grad(branchy))(scalar(3)), 6);
    near(made(grad(branchy))(scalar(0)), 1);
    const kept = checkpoint((x: Scalar): Scalar => sin(mul(x, x)) as Scalar);
    near(made(grad(kept))(scalar(2)), 4 * Math.cos(4));
  });

  test("scan", () => {
    const powers = (x: Scalar): Scalar =>
      scan((carry: Scalar, _: undefined) => [mul(carry, x) as Scalar, undefined], x, undefined, {
        length: 3,
      })[0];
    near(made(grad(powers))(scalar(2)), 32);
  });

  if (layer === exact) {
    test("hessian and hvp", () => {
      near(made(hessian(f))(at), second);
      near(
        made(hvp(f))(at, vector(1, 10)),
        second.map(([x = 0, y = 0]) => x + 10 * y),
      );
    });

    test("any order: the third derivative of x⁴ is 24x", () => {
      const quartic = (x: Scalar): Scalar => mul(mul(x, x), mul(x, x)) as Scalar;
      const d = made(grad(quartic));
      const dd = made(grad(d as (x: Scalar) => Scalar));
      const ddd = made(grad(dd as (x: Scalar) => Scalar));
      near(ddd(scalar(1.5)), 36);
    });

    test("custom rules take the place of the derivative", () => {
      const clipped = customDerivative((x: Scalar): Scalar => exp(x) as Scalar, {
        vjp: (_, y, w) => mul(w, mul(y, 10)) as Scalar,
        jvp: (x, t) => mul(exp(x), t) as Scalar,
      });
      near(made(grad(clipped))(scalar(0)), 10);
      near(made(jvp(clipped))(scalar(0), scalar(1))[1], 1);
    });

    test("gradients of integers are zeros of their dtype", () => {
      const count = (x: { readonly n: Expr; readonly y: Scalar }): Scalar =>
        mul(cast(x.n, "f64"), x.y) as Scalar;
      const g = made(grad(count))({ n: cast(given(3), "i32"), y: scalar(2) });
      near(g.y, 3);
      expect([g.n.dtype, valueOf(g.n)]).toEqual(["i32", 0]);
    });
  }
});

describe("vmap", () => {
  const rows = given([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);

  test("maps the leading axis, or any, or none", () => {
    const scaled = (x: Vector, k: Scalar) => mul(x, k) as Vector;
    expect(valueOf(vmap(scaled)(rows, given([1, 10, 100])))).toEqual([
      [1, 2],
      [30, 40],
      [500, 600],
    ]);
    expect(valueOf(vmap(scaled, { inAxes: [1, undefined] })(rows, scalar(2)))).toEqual([
      [2, 6, 10],
      [4, 8, 12],
    ]);
    // An argument that all examples share keeps its axes, even if one has as many elements as there are examples.
    const times = (x: Vector, k: Vector) => mul(x, sum(k)) as Expr as Vector;
    expect(valueOf(vmap(times, { inAxes: [0, undefined] })(rows, vector(1, 2, 4)))).toEqual([
      [7, 14],
      [21, 28],
      [35, 42],
    ]);
  });

  test("lets examples see one another through a named axis", () => {
    const centered = (x: Vector) => sub(x, axisMean(x, "rows")) as Vector;
    expect(valueOf(vmap(centered, { axis: "rows" })(rows))).toEqual([
      [-2, -2],
      [0, 0],
      [2, 2],
    ]);
    const total = (x: Vector) => axisSum(x, "rows");
    expect(valueOf(vmap(total, { axis: "rows" })(rows))).toEqual([
      [9, 12],
      [9, 12],
      [9, 12],
    ]);
  });

  test("names nest: an inner axis is not an outer one", () => {
    const inner = (x: Scalar) => sub(axisSum(x, "columns"), mul(axisSum(x, "rows"), 10)) as Expr;
    const both = vmap((row: Vector) => vmap(inner, { axis: "columns" })(row), { axis: "rows" });
    expect(valueOf(both(rows))).toEqual([
      [3 - 90, 3 - 120],
      [7 - 90, 7 - 120],
      [11 - 90, 11 - 120],
    ]);
  });

  test("per-example gradients are the rows of the gradient of the sum", () => {
    const each = (x: Vector): Scalar => sum(log(x)) as Expr as Scalar;
    const gradient = Effect.runSync(Effect.provide(grad(each), exact));
    expect(valueOf(vmap(gradient)(rows))).toEqual([
      [1, 1 / 2],
      [1 / 3, 1 / 4],
      [1 / 5, 1 / 6],
    ]);
  });

  test("a gradient inside a vmap with a named axis is the gradient of the sum over all examples", () => {
    const share = (x: Scalar): Scalar => {
      const mean = axisMean(mul(x, x), "batch");
      return mul(mean, x) as Scalar;
    };
    const gradient = Effect.runSync(Effect.provide(grad(share), exact));
    const inside = vmap(gradient, { axis: "batch" });
    const outside = (xs: Vector): Scalar =>
      sum(vmap(share, { axis: "batch" })(xs)) as Expr as Scalar;
    const whole = Effect.runSync(Effect.provide(grad(outside), exact));
    near(inside(vector(1, 2, 4)), valueOf(whole(vector(1, 2, 4))));
  });
});
