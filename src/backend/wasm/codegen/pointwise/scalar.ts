import { computing, type Dtype, isHalf } from "../../../../tensor/dtype.ts";
import type { Operation, Pointwise } from "../../../plan/fused.ts";
import {
  type Code,
  call,
  f32,
  f32x4,
  f64,
  i32,
  select,
  type ValueType,
} from "../../assembler/index.ts";
import { roundScalar } from "../halves.ts";
import type { ScalarMathName, VectorMathName } from "../math/index.ts";
import type { Site, Value } from "./operation.ts";

/**
 * Element-wise primitives on one element. An f32 or f64 is a WebAssembly number of that type. An i32, u8 or bool is an
 * i32; a bool is 0 or 1.
 */
type Scalar = (site: Site, x: readonly Value[], operation: Operation) => Code;

// The type rules of the primitives have checked the operands: a value of dtype f32 is an f32.
const single = (x: Code | undefined) => x as Code<"f32">;
const double = (x: Code | undefined) => x as Code<"f64">;
const integer = (x: Code | undefined) => x as Code<"i32">;

/** The type of an element in registers: that of a half is f32. */
export const scalarType = (dtype: Dtype): "f32" | "f64" | "i32" => {
  const computed = computing(dtype);
  return computed === "f32" || computed === "f64" ? computed : "i32";
};

/** An elementary function. JavaScript computes it for f64, and one lane of the vector function for f32. */
const elementary =
  (name: ScalarMathName & VectorMathName): Scalar =>
  (site, xs, { operand }) =>
    operand === "f64"
      ? call(site.scalar(name), ...xs.map(double))
      : f32x4.extract_lane(0, call(site.vector(name), ...xs.map((x) => f32x4.splat(single(x)))));

type Unary<T extends ValueType> = (x: Code<T>) => Code;
const unary =
  (one: Unary<"f32">, two: Unary<"f64">, whole?: (site: Site, x: Code<"i32">) => Code): Scalar =>
  (site, [x], { operand }) =>
    operand === "f32"
      ? one(single(x))
      : operand === "f64"
        ? two(double(x))
        : (whole?.(site, integer(x)) ?? integer(x));

type Binary<T extends ValueType> = (x: Code<T>, y: Code<T>) => Code;
const binary =
  (one: Binary<"f32">, two: Binary<"f64">, whole: Binary<"i32">): Scalar =>
  (_, [x, y], { operand }) =>
    operand === "f32"
      ? one(single(x), single(y))
      : operand === "f64"
        ? two(double(x), double(y))
        : whole(integer(x), integer(y));

const bits =
  (f: Binary<"i32">): Scalar =>
  (_, [x, y]) =>
    f(integer(x), integer(y));

/** The quotient of two i32: 0 for a divisor of 0, and no trap if −2³¹ / −1 overflows. */
const quotient = (x: Code<"i32">, y: Code<"i32">): Code<"i32"> => {
  const special = i32.le_u(i32.add(y, 1), 1);
  const ordinary = i32.div_s(x, select(i32.const(1), y, special));
  const atSpecial = select(i32.sub(0, x), i32.const(0), y);
  return select(atSpecial, ordinary, special);
};

const remainder = (x: Code<"i32">, y: Code<"i32">): Code<"i32"> =>
  select(i32.rem_s(x, select(y, i32.const(1), y)), i32.const(0), y);

const fmod: Scalar = (site, xs, { operand }) =>
  operand === "f64"
    ? call(site.scalar("fmod"), ...xs.map(double))
    : // The remainder of two f32 is an f32, so nothing is rounded twice.
      f32.demote_f64(call(site.scalar("fmod"), ...xs.map((x) => f64.promote_f32(single(x)))));

/** ±1 with the sign of `x`; `x` itself if it is ±0 or NaN. */
const signSingle = (x: Code<"f32">): Code<"f32"> =>
  select(f32.copysign(1, x), x, f32.gt(f32.abs(x), 0));
const signDouble = (x: Code<"f64">): Code<"f64"> =>
  select(f64.copysign(1, x), x, f64.gt(f64.abs(x), 0));

const clampByte = (x: Code<"i32">, site: Site): Code<"i32"> => {
  const low = site.body.let(select(x, i32.const(0), i32.gt_s(x, 0)));
  return select(low, i32.const(255), i32.lt_s(low, 255));
};

const cast: Scalar = (site, xs, operation) => {
  const { operand, dtype } = operation;
  if (isHalf(dtype))
    return operand === dtype
      ? single(xs[0])
      : roundScalar(site.body, dtype, single(cast(site, xs, { ...operation, dtype: "f32" })));
  const [x] = xs;
  const from = scalarType(operand);
  if (dtype === "bool")
    return from === "f32"
      ? f32.ne(single(x), 0)
      : from === "f64"
        ? f64.ne(double(x), 0)
        : i32.ne(integer(x), 0);
  if (dtype === "f32")
    return from === "f32"
      ? single(x)
      : from === "f64"
        ? f32.demote_f64(double(x))
        : f32.convert_i32_s(integer(x));
  if (dtype === "f64")
    return from === "f64"
      ? double(x)
      : from === "f32"
        ? f64.promote_f32(single(x))
        : f64.convert_i32_s(integer(x));
  const whole =
    from === "f32"
      ? i32.trunc_sat_f32_s(single(x))
      : from === "f64"
        ? i32.trunc_sat_f64_s(double(x))
        : integer(x);
  return dtype === "u8" && operand === "bool"
    ? whole
    : dtype === "u8"
      ? clampByte(site.body.let(whole), site)
      : whole;
};

export const scalarOperations: { readonly [P in Pointwise]: Scalar } = {
  neg: unary(f32.neg, f64.neg, (_, x) => i32.sub(0, x)),
  abs: unary(f32.abs, f64.abs, (_, x) => select(i32.sub(0, x), x, i32.lt_s(x, 0))),
  sign: unary(signSingle, signDouble, (_, x) => i32.sub(i32.gt_s(x, 0), i32.lt_s(x, 0))),
  floor: unary(f32.floor, f64.floor),
  ceil: unary(f32.ceil, f64.ceil),
  round: unary(f32.nearest, f64.nearest),
  sqrt: unary(f32.sqrt, f64.sqrt),
  exp: elementary("exp"),
  expm1: elementary("expm1"),
  log: elementary("log"),
  log1p: elementary("log1p"),
  sin: elementary("sin"),
  cos: elementary("cos"),
  tan: elementary("tan"),
  asin: elementary("asin"),
  acos: elementary("acos"),
  atan: elementary("atan"),
  tanh: elementary("tanh"),
  logistic: elementary("logistic"),
  erf: elementary("erf"),

  add: binary(f32.add, f64.add, i32.add),
  sub: binary(f32.sub, f64.sub, i32.sub),
  mul: binary(f32.mul, f64.mul, i32.mul),
  div: binary(f32.div, f64.div, quotient),
  rem: (site, xs, operation) =>
    operation.operand === "i32"
      ? remainder(integer(xs[0]), integer(xs[1]))
      : fmod(site, xs, operation),
  pow: elementary("pow"),
  maximum: binary(f32.max, f64.max, (x, y) => select(x, y, i32.gt_s(x, y))),
  minimum: binary(f32.min, f64.min, (x, y) => select(x, y, i32.lt_s(x, y))),
  atan2: elementary("atan2"),

  and: bits(i32.and),
  or: bits(i32.or),
  xor: bits(i32.xor),
  shiftLeft: bits(i32.shl),
  shiftRight: bits(i32.shr_u),

  eq: binary(f32.eq, f64.eq, i32.eq),
  ne: binary(f32.ne, f64.ne, i32.ne),
  lt: binary(f32.lt, f64.lt, i32.lt_s),
  le: binary(f32.le, f64.le, i32.le_s),
  gt: binary(f32.gt, f64.gt, i32.gt_s),
  ge: binary(f32.ge, f64.ge, i32.ge_s),

  select: (_, [condition, x, y]) => select(x as Value, y as Value, integer(condition)),
  cast,
};

/** A number as a constant of the scalar type of `dtype`. */
export const constantOf = (dtype: Dtype, value: number): Code<"f32" | "f64" | "i32"> =>
  ({ f32: f32.const, f64: f64.const, i32: i32.const })[scalarType(dtype)](value);

/** The sum of two elements. Integers wrap around, and the sum of bools is their logical or. */
export const sumOf = (dtype: Dtype, x: Code, y: Code): Code<"f32" | "f64" | "i32"> => {
  // Both have the scalar type of the dtype.
  if (dtype === "f32") return f32.add(x as Code<"f32">, y as Code<"f32">);
  if (dtype === "f64") return f64.add(x as Code<"f64">, y as Code<"f64">);
  const [a, b] = [x as Code<"i32">, y as Code<"i32">];
  return dtype === "bool" ? i32.or(a, b) : i32.add(a, b);
};
