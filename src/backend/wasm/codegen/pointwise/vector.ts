import { computing, isHalf } from "../../../../tensor/dtype.ts";
import type { Operation, Pointwise } from "../../../plan/fused.ts";
import { type Code, f32x4, i32x4, v128 } from "../../assembler/index.ts";
import { roundVector } from "../halves.ts";
import { type VectorMath, type VectorMathName, vectorMath } from "../math/index.ts";
import type { Site, Value } from "./operation.ts";
import { scalarOperations } from "./scalar.ts";

/**
 * Element-wise primitives on four elements. An f32 is a lane of f32; an i32 or u8 is a lane of i32; a bool is a lane of
 * all ones or all zeros. Loops with f64 are scalar, since a vector has no four lanes of f64.
 */
type Vector = Code<"v128">;
type Lanes = (site: Site, x: readonly Vector[], operation: Operation) => Vector;

const constant = (site: Site, value: number): Vector => site.body.hoist(f32x4.const(value));
const word = (site: Site, value: number): Vector => site.body.hoist(i32x4.const(value));

const first = (x: readonly Vector[]): Vector => x[0] as Vector;
const second = (x: readonly Vector[]): Vector => x[1] as Vector;

const elementary =
  (name: VectorMathName): Lanes =>
  (site, xs) => {
    const math: VectorMath = vectorMath[name];
    const x = site.body.let(first(xs));
    return math.arity === 1 ? math.write(site, x) : math.write(site, x, site.body.let(second(xs)));
  };

const unary =
  (float: (x: Vector) => Vector, whole = float): Lanes =>
  (_, xs, { operand }) =>
    (operand === "f32" ? float : whole)(first(xs));

const binary =
  (float: (x: Vector, y: Vector) => Vector, whole: (x: Vector, y: Vector) => Vector): Lanes =>
  (_, xs, { operand }) =>
    (operand === "f32" ? float : whole)(first(xs), second(xs));

/** A comparison of lanes. True is −1 as a lane, so bools compare the other way round. */
const ordered =
  (
    float: (x: Vector, y: Vector) => Vector,
    whole: (x: Vector, y: Vector) => Vector,
    turned: (x: Vector, y: Vector) => Vector,
  ): Lanes =>
  (_, xs, { operand }) =>
    (operand === "f32" ? float : operand === "bool" ? turned : whole)(first(xs), second(xs));

/** Computes lane by lane with the scalar form, for operations that have no vector instruction. */
const byLane: Lanes = (site, xs, operation) => {
  const { body } = site;
  const float = operation.operand === "f32";
  const lane = (i: number): Code => {
    const scalars: readonly Value[] = xs.map((x) =>
      float ? body.let(f32x4.extract_lane(i, x)) : body.let(i32x4.extract_lane(i, x)),
    );
    return scalarOperations[operation.primitive](site, scalars, operation);
  };
  const splat = (x: Code): Vector =>
    // The scalar form gives the type of its dtype.
    float ? f32x4.splat(x as Code<"f32">) : i32x4.splat(x as Code<"i32">);
  const put = (i: number, lanes: Vector, x: Code): Vector =>
    float
      ? f32x4.replace_lane(i, lanes, x as Code<"f32">)
      : i32x4.replace_lane(i, lanes, x as Code<"i32">);
  return [1, 2, 3].reduce<Vector>(
    (lanes, i) => body.let(put(i, lanes, lane(i))),
    body.let(splat(lane(0))),
  );
};

const sign: Lanes = (site, xs, { operand }) => {
  const x = first(xs);
  if (operand === "i32") {
    const zero = word(site, 0);
    return i32x4.sub(i32x4.lt_s(x, zero), i32x4.gt_s(x, zero));
  }
  const one = v128.or(constant(site, 1), v128.and(x, constant(site, -0)));
  return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), constant(site, 0)));
};

const clampByte = (site: Site, x: Vector): Vector =>
  i32x4.min_s(i32x4.max_s(x, word(site, 0)), word(site, 255));

const cast: Lanes = (site, xs, { operand: stored, dtype, ...operation }) => {
  const [x, operand] = [first(xs), computing(stored)];
  if (stored === dtype || operand === dtype) return x;
  if (isHalf(dtype))
    return roundVector(site.body, dtype, cast(site, xs, { ...operation, operand, dtype: "f32" }));
  if (operand === "bool") return v128.and(x, dtype === "f32" ? constant(site, 1) : word(site, 1));
  if (dtype === "bool")
    return operand === "f32" ? f32x4.ne(x, constant(site, 0)) : i32x4.ne(x, word(site, 0));
  if (dtype === "f32") return f32x4.convert_i32x4_s(x);
  const whole = operand === "f32" ? i32x4.trunc_sat_f32x4_s(x) : x;
  return dtype === "u8" ? clampByte(site, whole) : whole;
};

const whole: Lanes = (site, xs, operation) => byLane(site, xs, operation);

export const vectorOperations: { readonly [P in Pointwise]: Lanes } = {
  neg: unary(f32x4.neg, i32x4.neg),
  abs: unary(f32x4.abs, i32x4.abs),
  sign,
  floor: unary(f32x4.floor),
  ceil: unary(f32x4.ceil),
  round: unary(f32x4.nearest),
  sqrt: unary(f32x4.sqrt),
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

  add: binary(f32x4.add, i32x4.add),
  sub: binary(f32x4.sub, i32x4.sub),
  mul: binary(f32x4.mul, i32x4.mul),
  div: (site, xs, operation) =>
    operation.operand === "f32" ? f32x4.div(first(xs), second(xs)) : whole(site, xs, operation),
  rem: byLane,
  pow: elementary("pow"),
  maximum: binary(f32x4.max, i32x4.max_s),
  minimum: binary(f32x4.min, i32x4.min_s),
  atan2: elementary("atan2"),

  and: (_, xs) => v128.and(first(xs), second(xs)),
  or: (_, xs) => v128.or(first(xs), second(xs)),
  xor: (_, xs) => v128.xor(first(xs), second(xs)),
  shiftLeft: byLane,
  shiftRight: byLane,

  eq: binary(f32x4.eq, i32x4.eq),
  ne: binary(f32x4.ne, i32x4.ne),
  lt: ordered(f32x4.lt, i32x4.lt_s, i32x4.gt_s),
  le: ordered(f32x4.le, i32x4.le_s, i32x4.ge_s),
  gt: ordered(f32x4.gt, i32x4.gt_s, i32x4.lt_s),
  ge: ordered(f32x4.ge, i32x4.ge_s, i32x4.le_s),

  select: (_, [condition, x, y]) => v128.bitselect(x as Vector, y as Vector, condition as Vector),
  cast,
};
