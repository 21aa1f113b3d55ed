import * as fc from "fast-check";
import type { CallRules, Control, Expr, Program } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { add, cos, gt, lt, mul, neg, sin, square, tanh } from "../../../src/ir/ops/elementwise.ts";
import { fill } from "../../../src/ir/ops/indexing.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { elementByElement } from "../../derivatives/declared.ts";
import { type Domain, real, tensors, truth, unkinked, whole } from "../../domain.ts";
import { programOf } from "../../symbolic.ts";
import type { Case, Cases } from "./case.ts";

type F = (...xs: readonly Expr[]) => readonly Expr[];

const floats = (...shape: Shape): Domain => tensors(shape, real);
const bodyOf = (operands: readonly Domain[], f: F): Program =>
  programOf(
    operands.map((o) => o.type),
    (xs) => f(...xs),
  );

const converted = (from: Dtype, dtype: Dtype): Case<"cast"> => ({
  label: `${from} to ${dtype}`,
  params: { dtype },
  operands: [
    from === "bool"
      ? tensors([3], truth, from)
      : tensors([3], from === "i32" ? whole : unkinked, from),
  ],
});

const choice = (label: string, operands: readonly Domain[], yes: F, no: F): Case<"cond"> => ({
  label,
  params: { onTrue: bodyOf(operands, yes), onFalse: bodyOf(operands, no) },
  operands: [tensors([], truth, "bool"), ...operands],
});

const looped = (
  label: string,
  length: number,
  operands: {
    readonly constants: readonly Domain[];
    readonly carry: readonly Domain[];
    readonly xs: readonly Domain[];
  },
  step: F,
  reverse = false,
): Case<"scan"> => {
  const { constants, carry, xs } = operands;
  const stacked = xs.map(({ type, values: _ }) =>
    tensors([length, ...type.shape], type.dtype === "i32" ? whole : real, type.dtype),
  );
  return {
    label,
    params: {
      body: bodyOf([...constants, ...carry, ...xs], step),
      length,
      constants: constants.length,
      carry: carry.length,
      reverse,
    },
    operands: [...constants, ...carry, ...stacked],
  };
};

/** A loop that the first carry, an integer, ends after up to four rounds, if it does not end at once. */
const counted = (
  label: string,
  constants: readonly Domain[],
  carry: readonly Domain[],
  step: F,
  bound = 5,
): Case<"while"> => {
  const counter = tensors([], fc.integer({ min: -2, max: 3 }), "i32");
  const body: F = (...given) => {
    const [fixed, [, n, ...held]] = [
      given.slice(0, constants.length),
      given.slice(constants.length),
    ];
    return [lt(one(n), 2), add(one(n), 1), ...step(...fixed, ...held)];
  };
  const goesOn = tensors([], truth, "bool");
  const operands = [...constants, goesOn, counter, ...carry];
  return {
    label,
    params: { body: bodyOf(operands, body), constants: constants.length, bound },
    operands,
  };
};

const one = (x: Expr | undefined): Expr => x as Expr;
const recurrent: F = (w, h, x) => {
  const next: Expr = tanh(add(matmul(one(w), one(h)), one(x)));
  return [next, mul(next, one(h))];
};

const called = (
  label: string,
  operands: readonly Domain[],
  rules: CallRules,
  f: F,
): Case<"call"> => ({
  label,
  params: { name: "inner", program: bodyOf(operands, f), rules },
  operands,
});

/** `sin(x)·y` with its own derivative rules, written by hand. */
const product: F = (x, y) => [mul(sin(one(x)), one(y))];
const along = (primals: readonly Expr[], tangents: readonly Expr[]): readonly Expr[] => {
  const [x, y, dx, dy] = [...primals, ...tangents].map(one) as [Expr, Expr, Expr, Expr];
  return [add(mul(mul(dx, cos(x)), y), mul(sin(x), dy))];
};
const back = (primals: readonly Expr[]) => {
  const [x, y] = primals as [Expr, Expr];
  return {
    outputs: product(x, y),
    pullback: ([w]: readonly Expr[]) => [mul(mul(cos(x), y), one(w)), mul(one(w), sin(x))],
  };
};

const pair = [floats(2), floats(2)];

export const control: Cases<keyof Control> = {
  select: [
    {
      label: "of floats",
      params: {},
      operands: [tensors([3], truth, "bool"), floats(3), floats(3)],
      // The operand that is not chosen has derivative 0, whatever its value.
      at: [
        {
          inputs: [
            [1, 0, 1],
            [Number.NaN, Number.NaN, 1],
            [2, 3, Number.POSITIVE_INFINITY],
          ],
          jacobian: [
            [1, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 1, 0],
            [0, 0, 1, 0, 0, 0],
          ],
        },
      ],
    },
  ],
  cast: [
    {
      ...converted("f64", "f32"),
      rough: true,
      // Rounding is a step function, but its declared derivative is 1.
      at: [elementByElement([[0.1, -3, 1e-50]], [[1, 1, 1]])],
    },
    converted("f64", "i32"),
    converted("i32", "f64"),
    converted("f64", "bool"),
    converted("bool", "f64"),
    converted("f64", "f64"),
  ],
  stopGradient: [
    {
      label: "",
      params: {},
      operands: [floats(3)],
      rough: true,
      at: [elementByElement([[0, 1, Number.NaN]], [[0, 0, 0]])],
    },
  ],
  axisSum: [{ label: "", params: { axis: "examples", least: 1 }, operands: [floats(3, 2)] }],
  cond: [
    choice(
      "of two floats",
      pair,
      (x, y) => [mul(one(x), one(y)), sin(one(x))],
      (x, y) => [add(one(x), one(y)), square(one(y))],
    ),
    choice(
      "with a branch that is constant",
      [floats(2)],
      (x) => [sin(one(x))],
      () => [fill([2], 1, "f64")],
    ),
    choice(
      "with an integer beside",
      [floats(2), tensors([2], whole, "i32")],
      (x, n) => [cast(one(n), "f64"), gt(one(x), 0.3)],
      (x, n) => [mul(one(x), 2), lt(one(n), 0)],
    ),
  ],
  scan: [
    looped(
      "with a constant, a carry and slices",
      3,
      { constants: [floats(2, 2)], carry: [floats(2)], xs: [floats(2)] },
      recurrent,
    ),
    looped(
      "from the end",
      3,
      { constants: [floats(2, 2)], carry: [floats(2)], xs: [floats(2)] },
      recurrent,
      true,
    ),
    looped(
      "of two carries that trade places",
      4,
      { constants: [], carry: [floats(), floats()], xs: [] },
      (a, b) => [one(b), sin(one(a))],
    ),
    looped(
      "with an integer carried along",
      3,
      { constants: [], carry: [floats(2), tensors([], whole, "i32")], xs: [floats(2)] },
      (h, n, x) => [
        add(mul(one(h), 0.5), one(x)),
        add(one(n), 1),
        gt(one(h), one(x)),
        cast(one(n), "f64"),
      ],
    ),
    looped(
      "of slices alone",
      2,
      { constants: [floats()], carry: [], xs: [floats(2), floats()] },
      (c, x, y) => [mul(one(x), mul(one(y), one(c)))],
    ),
    looped(
      "that sums slices into a scalar",
      3,
      { constants: [], carry: [floats()], xs: [floats(2)] },
      (h, x) => [add(one(h), sum(square(one(x))))],
    ),
    looped(
      "of no steps",
      0,
      { constants: [floats()], carry: [floats(2)], xs: [floats(2)] },
      (c, h, x) => [mul(one(h), add(one(x), one(c))), one(x)],
    ),
    looped(
      "that passes a constant out",
      2,
      { constants: [floats(2)], carry: [floats(2)], xs: [] },
      (c, h) => [neg(one(h)), one(c)],
    ),
  ],
  while: [
    counted("with a constant", [floats(2, 2)], [floats(2)], (w, h) => [
      tanh(matmul(one(w), one(h))),
    ]),
    counted(
      "of carries that trade places, with a small bound",
      [],
      [floats(), floats()],
      (a, b) => [one(b), sin(one(a))],
      2,
    ),
    counted(
      "with an integer that nobody reads",
      [floats()],
      [tensors([2], whole, "i32")],
      (c, n) => [cast(gt(cast(one(n), "f64"), one(c)), "i32")],
    ),
    counted("that passes a carry on", [floats(2)], [floats(2), floats(2)], (c, x, y) => [
      mul(one(x), add(one(y), one(c))),
      one(y),
    ]),
  ],
  call: [
    called("rematerialized", pair, { kind: "checkpoint" }, (x, y) => [
      mul(sin(one(x)), one(y)),
      add(one(x), one(y)),
    ]),
    called("rematerialized, with a constant result", [floats(2)], { kind: "checkpoint" }, (x) => [
      fill([2], 2, "f64"),
      sin(one(x)),
    ]),
    called("with no rules of its own", pair, { kind: "custom" }, product),
    called("with its own jvp", pair, { kind: "custom", jvp: along }, product),
    called("with its own vjp", pair, { kind: "custom", vjp: back }, product),
    called("with its own jvp and vjp", pair, { kind: "custom", jvp: along, vjp: back }, product),
  ],
};
