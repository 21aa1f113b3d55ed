import { type Dtype, isFloat } from "../../tensor/dtype.ts";
import type { Operation, Pointwise } from "../plan/fused.ts";

/** The element-wise primitives, as expressions of C99. */

export const cTypes: { readonly [D in Dtype]: string } = {
  f32: "float",
  f64: "double",
  // Only as names of memory: C leaves out kernels that touch halves.
  f16: "uint16_t",
  bf16: "uint16_t",
  i32: "int32_t",
  u8: "uint8_t",
  bool: "bool",
};

/** A decimal number that C reads as a floating constant. */
const pointed = (digits: string): string => (/[.e]/.test(digits) ? digits : `${digits}.0`);

/** The shortest decimal that rounds to an f32. */
const shortest = (value: number): string => {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return value.toPrecision(9);
};

/** A number of a dtype, as a constant in C. */
export const constantText = (dtype: Dtype, value: number): string => {
  if (!isFloat(dtype)) return value === -(2 ** 31) ? "INT32_MIN" : String(value);
  if (Number.isNaN(value)) return "NAN";
  if (!Number.isFinite(value)) return value < 0 ? "-INFINITY" : "INFINITY";
  const digits = Object.is(value, -0) ? "-0" : dtype === "f32" ? shortest(value) : String(value);
  return dtype === "f32" ? `${pointed(digits)}f` : pointed(digits);
};

/** Functions that C lacks, by name; the text contains those that it calls. */
const supplied = {
  add_i32: "int32_t add_i32(int32_t x, int32_t y) { return (int32_t)((uint32_t)x + (uint32_t)y); }",
  sub_i32: "int32_t sub_i32(int32_t x, int32_t y) { return (int32_t)((uint32_t)x - (uint32_t)y); }",
  mul_i32: "int32_t mul_i32(int32_t x, int32_t y) { return (int32_t)((uint32_t)x * (uint32_t)y); }",
  neg_i32: "int32_t neg_i32(int32_t x) { return (int32_t)(0u - (uint32_t)x); }",
  abs_i32: "int32_t abs_i32(int32_t x) { return x < 0 ? (int32_t)(0u - (uint32_t)x) : x; }",
  div_i32:
    "int32_t div_i32(int32_t x, int32_t y) { return y == 0 ? 0 : y == -1 ? (int32_t)(0u - (uint32_t)x) : x / y; }",
  rem_i32: "int32_t rem_i32(int32_t x, int32_t y) { return y == 0 || y == -1 ? 0 : x % y; }",
  shl_i32: "int32_t shl_i32(int32_t x, int32_t y) { return (int32_t)((uint32_t)x << (y & 31)); }",
  shr_i32: "int32_t shr_i32(int32_t x, int32_t y) { return (int32_t)((uint32_t)x >> (y & 31)); }",
  max_i32: "int32_t max_i32(int32_t x, int32_t y) { return x > y ? x : y; }",
  min_i32: "int32_t min_i32(int32_t x, int32_t y) { return x < y ? x : y; }",
  // NaN wins, and 0 is more than -0.
  max_f64:
    "double max_f64(double x, double y) { return x != x || y != y ? x + y : x > y || (x == y && !signbit(x)) ? x : y; }",
  min_f64:
    "double min_f64(double x, double y) { return x != x || y != y ? x + y : x < y || (x == y && signbit(x)) ? x : y; }",
  sign_f64: "double sign_f64(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }",
  sign_i32: "int32_t sign_i32(int32_t x) { return (x > 0) - (x < 0); }",
  logistic_f64:
    "double logistic_f64(double x) { const double e = exp(-fabs(x)); return (x < 0 ? e : 1) / (1 + e); }",
  to_i32:
    "int32_t to_i32(double x) { return x != x ? 0 : x <= INT32_MIN ? INT32_MIN : x >= INT32_MAX ? INT32_MAX : (int32_t)x; }",
  to_u8: "uint8_t to_u8(double x) { return x > 0 ? x < 255 ? (uint8_t)x : 255 : 0; }",
} as const;

export type Supplied = keyof typeof supplied;

/** The definition of a function that C lacks. */
export const definitionOf = (name: Supplied): string => `static inline ${supplied[name]}`;

/** Writes a call of a function that C lacks, and records that the text needs its definition. */
export type Call = (name: Supplied, ...xs: readonly string[]) => string;

type Write = (xs: readonly string[], operation: Operation, call: Call) => string;

const functionOf =
  (name: string): Write =>
  (xs, { operand }) =>
    `${name}${operand === "f32" ? "f" : ""}(${xs.join(", ")})`;

/** A function of floats that returns whole numbers unchanged. */
const rounding =
  (name: string): Write =>
  (xs, operation, call) =>
    isFloat(operation.operand) ? functionOf(name)(xs, operation, call) : String(xs[0]);

/** One expression for floats, and a function for whole numbers. */
const either =
  (float: Write, whole: Supplied): Write =>
  (xs, operation, call) =>
    isFloat(operation.operand) ? float(xs, operation, call) : call(whole, ...xs);

const infix =
  (symbol: string): Write =>
  ([x, y]) =>
    `${x} ${symbol} ${y}`;

const calling =
  (name: Supplied): Write =>
  (xs, _, call) =>
    call(name, ...xs);

const cast: Write = ([x = ""], { operand, dtype }, call) => {
  if (dtype === "bool") return `${x} != 0`;
  if (dtype === "i32" && isFloat(operand)) return call("to_i32", x);
  if (dtype === "u8" && operand !== "bool" && operand !== "u8") return call("to_u8", x);
  return operand === dtype ? x : `(${cTypes[dtype]})${x}`;
};

const writers: { readonly [P in Pointwise]: Write } = {
  neg: either(([x]) => `-${x}`, "neg_i32"),
  abs: either(functionOf("fabs"), "abs_i32"),
  sign: either(calling("sign_f64"), "sign_i32"),
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  round: rounding("rint"),
  sqrt: functionOf("sqrt"),
  exp: functionOf("exp"),
  expm1: functionOf("expm1"),
  log: functionOf("log"),
  log1p: functionOf("log1p"),
  sin: functionOf("sin"),
  cos: functionOf("cos"),
  tan: functionOf("tan"),
  asin: functionOf("asin"),
  acos: functionOf("acos"),
  atan: functionOf("atan"),
  tanh: functionOf("tanh"),
  logistic: calling("logistic_f64"),
  erf: functionOf("erf"),

  add: either(infix("+"), "add_i32"),
  sub: either(infix("-"), "sub_i32"),
  mul: either(infix("*"), "mul_i32"),
  div: either(infix("/"), "div_i32"),
  rem: either(functionOf("fmod"), "rem_i32"),
  pow: functionOf("pow"),
  maximum: either(calling("max_f64"), "max_i32"),
  minimum: either(calling("min_f64"), "min_i32"),
  atan2: functionOf("atan2"),

  and: infix("&"),
  or: infix("|"),
  xor: infix("^"),
  shiftLeft: calling("shl_i32"),
  shiftRight: calling("shr_i32"),

  eq: infix("=="),
  ne: infix("!="),
  lt: infix("<"),
  le: infix("<="),
  gt: infix(">"),
  ge: infix(">="),

  select: ([condition, x, y]) => `${condition} ? ${x} : ${y}`,
  cast,
};

/** An operation as an expression. Its operands are names or constants. */
export const operationText = (operation: Operation, xs: readonly string[], call: Call): string =>
  writers[operation.primitive](xs, operation, call);
