import { type Dtype, isFloat } from "../../tensor/dtype.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { Binary, Bitwise, Comparison, TensorType, Unary } from "../expr.ts";
import { broadcasting, type Typed, type, wrongDtype, wrongShape } from "./rule.ts";

/** The type rules of element-wise primitives: operands of one shape and one dtype, and the dtypes that each takes. */

type One = readonly [TensorType];
type Two = readonly [TensorType, TensorType];

const unary = (_: unknown, inputs: One, op: string): Typed => {
  const [x] = inputs;
  const integers = op === "neg" || op === "abs" || op === "sign";
  return isFloat(x.dtype) || (integers && x.dtype === "i32")
    ? { outputs: [x] }
    : wrongDtype(op, integers ? "f32, f64 or i32" : "f32 or f64", inputs, [x]);
};

const alike = (op: string, inputs: Two, outputs: readonly TensorType[]): Typed => {
  const [x, y] = inputs;
  if (!sameShape(x.shape, y.shape))
    return wrongShape(op, broadcasting(x.shape, y.shape), inputs, outputs);
  if (x.dtype !== y.dtype) return wrongDtype(op, "two operands of one dtype", inputs, outputs);
  return { outputs };
};

const binaryOf =
  (takes: (dtype: Dtype) => boolean, expected: string) =>
  (_: unknown, inputs: Two, op: string): Typed => {
    const [x] = inputs;
    const typed = alike(op, inputs, [x]);
    return typed.issue !== undefined || takes(x.dtype)
      ? typed
      : wrongDtype(op, expected, inputs, [x]);
  };

const floats = binaryOf(isFloat, "f32 or f64");
const numbers = binaryOf((dtype) => isFloat(dtype) || dtype === "i32", "f32, f64 or i32");

const bitwise = (_: unknown, inputs: Two, op: string): Typed => {
  const [x] = inputs;
  const typed = alike(op, inputs, [x]);
  if (typed.issue !== undefined) return typed;
  const shift = op === "shiftLeft" || op === "shiftRight";
  return x.dtype === "i32" || (!shift && x.dtype === "bool")
    ? typed
    : wrongDtype(op, shift ? "i32" : "i32 or bool", inputs, [x]);
};

const comparison = (_: unknown, inputs: Two, op: string): Typed =>
  alike(op, inputs, [type(inputs[0].shape, "bool")]);

const everyUnary = (rule: typeof unary): { readonly [P in keyof Unary]: typeof unary } => ({
  neg: rule,
  abs: rule,
  sign: rule,
  floor: rule,
  ceil: rule,
  round: rule,
  sqrt: rule,
  exp: rule,
  expm1: rule,
  log: rule,
  log1p: rule,
  sin: rule,
  cos: rule,
  tan: rule,
  asin: rule,
  acos: rule,
  atan: rule,
  tanh: rule,
  logistic: rule,
  erf: rule,
});
const everyBinary: { readonly [P in keyof Binary]: typeof numbers } = {
  add: numbers,
  sub: numbers,
  mul: numbers,
  div: numbers,
  rem: numbers,
  pow: floats,
  maximum: numbers,
  minimum: numbers,
  atan2: floats,
};
const everyBitwise: { readonly [P in keyof Bitwise]: typeof bitwise } = {
  and: bitwise,
  or: bitwise,
  xor: bitwise,
  shiftLeft: bitwise,
  shiftRight: bitwise,
};
const everyComparison: { readonly [P in keyof Comparison]: typeof comparison } = {
  eq: comparison,
  ne: comparison,
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,
};

export const elementwiseTyping = {
  ...everyUnary(unary),
  ...everyBinary,
  ...everyBitwise,
  ...everyComparison,
};
