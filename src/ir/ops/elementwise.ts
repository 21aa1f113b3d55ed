import { holding } from "../../tensor/validate.ts";
import { apply1 } from "../build.ts";
import type { Binary, Bitwise, Comparison, Expr, PrimitiveTag, Unary } from "../expr.ts";
import type { Broadcast, Check, Operand, Result, ShapeOf } from "../types/shape.ts";
import { align, broadcastTo, comparable, keepingShape, lift, misfit } from "./promote.ts";

type UnaryOp = <const X extends Operand>(x: X) => Expr<ShapeOf<X>>;

type BinaryOp = <const X extends Operand, const Y extends Operand>(
  x: X,
  y: Y & Check<Broadcast<ShapeOf<X>, ShapeOf<Y>>>,
) => Expr<Result<Broadcast<ShapeOf<X>, ShapeOf<Y>>>>;

const unary =
  (primitive: keyof Unary): UnaryOp =>
  (x) =>
    apply1(primitive, {}, lift(x));

const binary =
  (primitive: keyof Binary | keyof Bitwise): BinaryOp =>
  (x, y) =>
    apply1(primitive satisfies PrimitiveTag, {}, ...align(x, y));

const comparison =
  (primitive: keyof Comparison): BinaryOp =>
  (x, y) =>
    apply1(primitive, {}, ...align(...comparable(x, y)));

/** `-x`. */
export const neg = unary("neg");
/** `|x|`, with derivative `sign(x)` (0 at 0). */
export const abs = unary("abs");
/** The sign of `x`: -1, 0 or 1. Its derivative is 0. */
export const sign = unary("sign");
/** Rounds down, to the largest integer not above `x`. */
export const floor = unary("floor");
/** Rounds up, to the smallest integer not below `x`. */
export const ceil = unary("ceil");
/** Rounds to the nearest integer, ties to even. */
export const round = unary("round");
/** `√x`, NaN for negatives. */
export const sqrt = unary("sqrt");
/** `eˣ`. */
export const exp = unary("exp");
/** `eˣ - 1`, accurate near 0. */
export const expm1 = unary("expm1");
/** The natural logarithm; -∞ at 0, NaN for negatives. */
export const log = unary("log");
/** `log(1 + x)`, accurate near 0. */
export const log1p = unary("log1p");
/** The sine of `x` radians. */
export const sin = unary("sin");
/** The cosine of `x` radians. */
export const cos = unary("cos");
/** The tangent of `x` radians. */
export const tan = unary("tan");
/** The arc sine, in radians. */
export const asin = unary("asin");
/** The arc cosine, in radians. */
export const acos = unary("acos");
/** The arc tangent, in radians. */
export const atan = unary("atan");
/** The hyperbolic tangent, exactly ±1 for large `|x|`. */
export const tanh = unary("tanh");
/** The logistic function (sigmoid) `1 / (1 + e⁻ˣ)`. */
export const logistic = unary("logistic");
/** The error function `2/√π ∫₀ˣ e^(-t²) dt`. */
export const erf = unary("erf");

/**
 * Adds element by element, broadcasting as NumPy does.
 *
 * **Shapes** `x: [...a], y: [...b] → [...broadcast(a, b)]`.
 * **Fails with** `ShapeMismatch`, `DtypeMismatch` when compiled.
 */
export const add = binary("add");
/** `x - y`, broadcasting. */
export const sub = binary("sub");
/** `x · y`, element-wise and broadcasting; {@link matmul} is the matrix product. */
export const mul = binary("mul");
/** `x / y`, broadcasting; integers truncate, and division of an integer by 0 is 0. */
export const div = binary("div");
/** The remainder of `x / y` with the sign of `x`; for integers, 0 where `y` is 0. */
export const rem = binary("rem");
/** `xʸ` for floats, broadcasting. */
export const pow = binary("pow");
/**
 * The larger of two operands, element by element; NaN if either is NaN. At a tie each gets half of the derivative.
 */
export const maximum = binary("maximum");
/**
 * The smaller of two operands, element by element; NaN if either is NaN. At a tie each gets half of the derivative.
 */
export const minimum = binary("minimum");
/** The angle of the point `(x: second, y: first)`, in radians from -π to π. */
export const atan2 = binary("atan2");

/** `x = y`, as bool. */
export const eq = comparison("eq");
/** `x ≠ y`, as bool; true if either is NaN. */
export const ne = comparison("ne");
/** `x < y`, as bool. */
export const lt = comparison("lt");
/** `x ≤ y`, as bool. */
export const le = comparison("le");
/** `x > y`, as bool. */
export const gt = comparison("gt");
/** `x ≥ y`, as bool. */
export const ge = comparison("ge");

/** Logical and of bools, bitwise and of i32. */
export const and = binary("and");
/** Logical or of bools, bitwise or of i32. */
export const or = binary("or");
/** Logical exclusive or of bools, bitwise exclusive or of i32. */
export const xor = binary("xor");
/** Shifts i32 bits left; the distance is taken modulo 32. */
export const shiftLeft = binary("shiftLeft");
/** Shifts i32 bits right and fills with zeros; the distance is taken modulo 32. */
export const shiftRight = binary("shiftRight");

/** Logical not of a bool. */
export const not: UnaryOp = (operand) => {
  const given = lift(operand, "bool");
  const x = given.dtype === "bool" ? given : misfit("not", "bool", given, "bool");
  return apply1("xor", {}, x, broadcastTo(lift(1, "bool"), x.shape));
};
/** `x²`. */
export const square: UnaryOp = (x) => apply1("mul", {}, lift(x), lift(x));
/** `1 / x`. */
export const reciprocal: UnaryOp = (x) => apply1("div", {}, ...align(1, lift(x)));
/** `1 / √x`. */
export const rsqrt: UnaryOp = (x) => reciprocal(sqrt(x));

/**
 * Limits `x` to the range from `low` to `high`; NaN stays NaN.
 *
 * **Fails with** `InvalidArgument`, thrown if `low` is above `high` or one of them is NaN.
 */
export const clip = <const X extends Operand>(
  x: X,
  low: number,
  high: number,
): Expr<ShapeOf<X>> => {
  holding(`a number not above high, ${high}`, (n) => n <= high)("clip", { low });
  // Numbers broadcast to x's own shape.
  return keepingShape((e) => minimum(maximum(e, low), high))(x);
};
