/** Scalar instructions, under their names in the text format. **Source:** WebAssembly Core, §5.4. */
import {
  binary,
  type Code,
  code,
  lift,
  load,
  type Operand,
  store,
  unary,
  type ValueType,
} from "./code.ts";

const constant =
  <T extends "i32" | "f32" | "f64">(type: T) =>
  (value: number): Code<T> =>
    lift(type, value as Operand<T>); // numbers are operands of each of these types

const integerComparisons = <T extends "i32" | "i64">(t: T, base: number) => ({
  eqz: unary(t, "i32", base),
  eq: binary(t, t, "i32", base + 1),
  ne: binary(t, t, "i32", base + 2),
  lt_s: binary(t, t, "i32", base + 3),
  lt_u: binary(t, t, "i32", base + 4),
  gt_s: binary(t, t, "i32", base + 5),
  gt_u: binary(t, t, "i32", base + 6),
  le_s: binary(t, t, "i32", base + 7),
  le_u: binary(t, t, "i32", base + 8),
  ge_s: binary(t, t, "i32", base + 9),
  ge_u: binary(t, t, "i32", base + 10),
});

const integerArithmetic = <T extends "i32" | "i64">(t: T, base: number) => ({
  clz: unary(t, t, base),
  ctz: unary(t, t, base + 1),
  popcnt: unary(t, t, base + 2),
  add: binary(t, t, t, base + 3),
  sub: binary(t, t, t, base + 4),
  mul: binary(t, t, t, base + 5),
  div_s: binary(t, t, t, base + 6),
  div_u: binary(t, t, t, base + 7),
  rem_s: binary(t, t, t, base + 8),
  rem_u: binary(t, t, t, base + 9),
  and: binary(t, t, t, base + 10),
  or: binary(t, t, t, base + 11),
  xor: binary(t, t, t, base + 12),
  shl: binary(t, t, t, base + 13),
  shr_s: binary(t, t, t, base + 14),
  shr_u: binary(t, t, t, base + 15),
  rotl: binary(t, t, t, base + 16),
  rotr: binary(t, t, t, base + 17),
});

const floating = <T extends "f32" | "f64">(t: T, comparison: number, base: number) => ({
  eq: binary(t, t, "i32", comparison),
  ne: binary(t, t, "i32", comparison + 1),
  lt: binary(t, t, "i32", comparison + 2),
  gt: binary(t, t, "i32", comparison + 3),
  le: binary(t, t, "i32", comparison + 4),
  ge: binary(t, t, "i32", comparison + 5),
  abs: unary(t, t, base),
  neg: unary(t, t, base + 1),
  ceil: unary(t, t, base + 2),
  floor: unary(t, t, base + 3),
  trunc: unary(t, t, base + 4),
  nearest: unary(t, t, base + 5),
  sqrt: unary(t, t, base + 6),
  add: binary(t, t, t, base + 7),
  sub: binary(t, t, t, base + 8),
  mul: binary(t, t, t, base + 9),
  div: binary(t, t, t, base + 10),
  min: binary(t, t, t, base + 11),
  max: binary(t, t, t, base + 12),
  copysign: binary(t, t, t, base + 13),
});

export const i32 = {
  const: constant("i32"),
  load: load("i32", 2, 0x28),
  load8_s: load("i32", 0, 0x2c),
  load8_u: load("i32", 0, 0x2d),
  load16_s: load("i32", 1, 0x2e),
  load16_u: load("i32", 1, 0x2f),
  store: store("i32", 2, 0x36),
  store8: store("i32", 0, 0x3a),
  store16: store("i32", 1, 0x3b),
  ...integerComparisons("i32", 0x45),
  ...integerArithmetic("i32", 0x67),
  wrap_i64: unary("i64", "i32", 0xa7),
  extend8_s: unary("i32", "i32", 0xc0),
  extend16_s: unary("i32", "i32", 0xc1),
  reinterpret_f32: unary("f32", "i32", 0xbc),
  trunc_sat_f32_s: unary("f32", "i32", 0xfc, 0),
  trunc_sat_f32_u: unary("f32", "i32", 0xfc, 1),
  trunc_sat_f64_s: unary("f64", "i32", 0xfc, 2),
  trunc_sat_f64_u: unary("f64", "i32", 0xfc, 3),
} as const;

export const i64 = {
  const: (value: number | bigint): Code<"i64"> => lift("i64", value),
  load: load("i64", 3, 0x29),
  store: store("i64", 3, 0x37),
  ...integerComparisons("i64", 0x50),
  ...integerArithmetic("i64", 0x79),
  extend_i32_s: unary("i32", "i64", 0xac),
  extend_i32_u: unary("i32", "i64", 0xad),
  reinterpret_f64: unary("f64", "i64", 0xbd),
  trunc_sat_f64_s: unary("f64", "i64", 0xfc, 6),
  trunc_sat_f64_u: unary("f64", "i64", 0xfc, 7),
} as const;

export const f32 = {
  const: constant("f32"),
  load: load("f32", 2, 0x2a),
  store: store("f32", 2, 0x38),
  ...floating("f32", 0x5b, 0x8b),
  convert_i32_s: unary("i32", "f32", 0xb2),
  convert_i32_u: unary("i32", "f32", 0xb3),
  demote_f64: unary("f64", "f32", 0xb6),
  reinterpret_i32: unary("i32", "f32", 0xbe),
} as const;

export const f64 = {
  const: constant("f64"),
  load: load("f64", 3, 0x2b),
  store: store("f64", 3, 0x39),
  ...floating("f64", 0x61, 0x99),
  convert_i32_s: unary("i32", "f64", 0xb7),
  convert_i32_u: unary("i32", "f64", 0xb8),
  convert_i64_s: unary("i64", "f64", 0xb9),
  convert_i64_u: unary("i64", "f64", 0xba),
  promote_f32: unary("f32", "f64", 0xbb),
  reinterpret_i64: unary("i64", "f64", 0xbf),
} as const;

/** `condition ? x : y`. Both are evaluated. */
export const select = <T extends ValueType>(
  x: Code<T>,
  y: Code<T>,
  condition: Operand<"i32">,
): Code<T> =>
  // The untyped form works for numbers and vectors alike.
  code(x.type, x, y, lift("i32", condition), [0x1b]);

/** Instructions on the whole memory. Copies may overlap; sizes are in bytes. */
export const memory = {
  size: code("i32", [0x3f, 0]),
  grow: (pages: Operand<"i32">): Code<"i32"> => code("i32", lift("i32", pages), [0x40, 0]),
  copy: (to: Operand<"i32">, from: Operand<"i32">, bytes: Operand<"i32">): Code<"void"> =>
    code("void", lift("i32", to), lift("i32", from), lift("i32", bytes), [0xfc, 10, 0, 0]),
  fill: (to: Operand<"i32">, byte: Operand<"i32">, bytes: Operand<"i32">): Code<"void"> =>
    code("void", lift("i32", to), lift("i32", byte), lift("i32", bytes), [0xfc, 11, 0]),
} as const;
