import * as fc from "fast-check";
import { vmap } from "../../../src/autodiff/index.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as control from "../../../src/ir/ops/control.ts";
import * as elementwise from "../../../src/ir/ops/elementwise.ts";
import { ones, tensor } from "../../../src/tensor/constructors.ts";
import {
  type Arguments,
  between,
  everyOption,
  type Option,
  type OptionsOf,
  type Range,
  wholeFrom,
} from "../../options.ts";

const none: Arguments = {};
const matrix = constant(ones([2, 3]));
const row = constant(tensor([3, 1, 2]));
const ints = constant(tensor([0, 1], "i32"));
const i32 = wholeFrom(-(2 ** 31), 2 ** 31 - 1);
/** Numbers that are finite in f32 after rounding, infinities and NaN. */
const within32: Range = {
  says: "a number of at most 3.4e38 in size",
  inside: fc.constantFrom(0.1, -0, 3.4e38, Number.POSITIVE_INFINITY, Number.NaN),
  outside: fc.constantFrom(3.5e38, -1e39, Number.MAX_VALUE),
};

/** A number combined with an i32 tensor; `i32` must hold it. */
const beside = (op: (x: Expr, n: number) => unknown, range: Range = i32): Arguments => ({
  "a number beside i32": [range, (n) => op(ints, n)],
});
const float = (op: (x: Expr, n: number) => unknown): Arguments => ({
  "a number beside f32": [within32, (n) => op(matrix, n)],
});
const { add, and, atan2, div, maximum, minimum, mul, or, pow, rem, shiftLeft } = elementwise;
const { shiftRight, sub, xor } = elementwise;

const elementWise: OptionsOf<typeof elementwise> = {
  ...{ neg: none, abs: none, sign: none, floor: none, ceil: none, round: none, sqrt: none },
  ...{ exp: none, expm1: none, log: none, log1p: none, sin: none, cos: none, tan: none },
  ...{ asin: none, acos: none, atan: none, tanh: none, logistic: none, erf: none },
  ...{ add: beside(add), sub: beside(sub), mul: beside(mul), div: beside(div), rem: beside(rem) },
  ...{ maximum: beside(maximum), minimum: beside(minimum), pow: float(pow), atan2: float(atan2) },
  ...{ and: beside(and), or: beside(or), xor: beside(xor) },
  ...{ shiftLeft: beside(shiftLeft), shiftRight: beside(shiftRight) },
  // Comparisons take every number; the law of comparisons tests them.
  ...{ eq: none, ne: none, lt: none, le: none, gt: none, ge: none },
  not: { "a number": [wholeFrom(0, 1), (n) => elementwise.not(n)] },
  ...{ square: none, reciprocal: none, rsqrt: none },
  clip: {
    low: [between(Number.NEGATIVE_INFINITY, 2), (n) => elementwise.clip(row, n, 2)],
    high: [between(2, Number.POSITIVE_INFINITY), (n) => elementwise.clip(row, 2, n)],
  },
};

/** The number of examples that a sum across three of them asks for. */
const amongThree = (f: typeof control.axisSum): Arguments => ({
  least: [
    wholeFrom(0, 3),
    (least) => vmap((x: Expr) => f(x, "batch", { least }), { axis: "batch" })(row),
  ],
});

const controls: OptionsOf<typeof control> = {
  where: {
    ...beside((x, n) => control.where(constant(tensor([true, false])), x, n)),
    "a number beside u8": [
      wholeFrom(0, 255),
      (n) => control.where(constant(tensor([true, false])), constant(tensor([1, 2], "u8")), n),
    ],
    "a number as condition": [wholeFrom(0, 1), (n) => control.where(n, matrix, matrix)],
  },
  cast: none,
  stopGradient: none,
  axisSum: amongThree(control.axisSum),
  axisMean: amongThree(control.axisMean),
};

/** Every plain number that an operation combines with a tensor, and the bounds of `clip`. */
export const elementwiseOptions: readonly Option[] = [
  ...everyOption(elementWise),
  ...everyOption(controls),
];
