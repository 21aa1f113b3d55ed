/** Vector instructions, under their names in the text format. **Source:** WebAssembly Core, §5.4.9. */
import { double, single, unsigned, word } from "./bytes.ts";
import {
  binary,
  type Code,
  code,
  lift,
  load,
  type Operand,
  store,
  ternary,
  unary,
  type ValueType,
} from "./code.ts";

type V = Code<"v128">;

const opcode = (op: number): readonly number[] => [0xfd, ...unsigned(op)];
const map = (op: number) => unary("v128", "v128", ...opcode(op));
const zip = (op: number) => binary("v128", "v128", "v128", ...opcode(op));
const zip3 = (op: number) => ternary("v128", "v128", ...opcode(op));
const test = (op: number) => unary("v128", "i32", ...opcode(op));
const shift = (op: number) => binary("v128", "i32", "v128", ...opcode(op));
const splat = <T extends ValueType>(t: T, op: number) => unary(t, "v128", ...opcode(op));

const extract =
  <T extends ValueType>(t: T, op: number) =>
  (lane: number, x: V): Code<T> =>
    code(t, x, [...opcode(op), lane]);

const replace =
  <T extends ValueType>(t: T, op: number) =>
  (lane: number, x: V, value: Operand<T>): V =>
    code("v128", x, lift(t, value), [...opcode(op), lane]);

const loadLane =
  (op: number, align: number) =>
  (lane: number, x: V, address: Operand<"i32">, offset = 0): V =>
    code("v128", lift("i32", address), x, [...opcode(op), align, ...unsigned(offset), lane]);

const storeLane =
  (op: number, align: number) =>
  (lane: number, x: V, address: Operand<"i32">, offset = 0): Code<"void"> =>
    code("void", lift("i32", address), x, [...opcode(op), align, ...unsigned(offset), lane]);

const literal = (lanes: readonly (readonly number[])[]): V =>
  code("v128", [...opcode(12), ...lanes.flat()]);

/** A single number fills every lane. */
const lanes =
  (count: number, encode: (value: number) => readonly number[]) =>
  (...values: readonly number[]): V =>
    literal(Array.from({ length: count }, (_, i) => encode(values[i % values.length]!)));

export const v128 = {
  load: load("v128", 4, ...opcode(0)),
  store: store("v128", 4, ...opcode(11)),
  load8x8_s: load("v128", 3, ...opcode(1)),
  load8x8_u: load("v128", 3, ...opcode(2)),
  load16x4_u: load("v128", 3, ...opcode(4)),
  load32x2_s: load("v128", 3, ...opcode(5)),
  load32x2_u: load("v128", 3, ...opcode(6)),
  load8_splat: load("v128", 0, ...opcode(7)),
  load16_splat: load("v128", 1, ...opcode(8)),
  load32_splat: load("v128", 2, ...opcode(9)),
  load64_splat: load("v128", 3, ...opcode(10)),
  load32_zero: load("v128", 2, ...opcode(92)),
  load64_zero: load("v128", 3, ...opcode(93)),
  load8_lane: loadLane(84, 0),
  load32_lane: loadLane(86, 2),
  load64_lane: loadLane(87, 3),
  store8_lane: storeLane(88, 0),
  store32_lane: storeLane(90, 2),
  store64_lane: storeLane(91, 3),
  not: map(77),
  and: zip(78),
  /** `x & ~y` */
  andnot: zip(79),
  or: zip(80),
  xor: zip(81),
  /** `(x & mask) | (y & ~mask)` */
  bitselect: (x: V, y: V, mask: V): V => code("v128", x, y, mask, opcode(82)),
  any_true: test(83),
} as const;

export const i8x16 = {
  const: lanes(16, (value) => [value & 0xff]),
  splat: splat("i32", 15),
  /** Byte `i` of the result is byte `indices[i]` of `x` (0–15) or of `y` (16–31). */
  shuffle: (indices: readonly number[], x: V, y: V): V =>
    code("v128", x, y, [...opcode(13), ...indices]),
  swizzle: zip(14),
  extract_lane_u: extract("i32", 22),
  eq: zip(35),
  ne: zip(36),
  abs: map(96),
  neg: map(97),
  all_true: test(99),
  bitmask: test(100),
  narrow_i16x8_s: zip(101),
  narrow_i16x8_u: zip(102),
  add: zip(110),
  sub: zip(113),
  min_u: zip(119),
  max_u: zip(121),
} as const;

export const i16x8 = {
  splat: splat("i32", 16),
  narrow_i32x4_s: zip(133),
  narrow_i32x4_u: zip(134),
  extend_low_i8x16_s: map(135),
  extend_high_i8x16_s: map(136),
  extend_low_i8x16_u: map(137),
  extend_high_i8x16_u: map(138),
  add: zip(142),
} as const;

export const i32x4 = {
  const: lanes(4, word),
  splat: splat("i32", 17),
  extract_lane: extract("i32", 27),
  replace_lane: replace("i32", 28),
  eq: zip(55),
  ne: zip(56),
  lt_s: zip(57),
  lt_u: zip(58),
  gt_s: zip(59),
  gt_u: zip(60),
  le_s: zip(61),
  le_u: zip(62),
  ge_s: zip(63),
  ge_u: zip(64),
  abs: map(160),
  neg: map(161),
  all_true: test(163),
  bitmask: test(164),
  extend_low_i16x8_s: map(167),
  extend_high_i16x8_s: map(168),
  extend_low_i16x8_u: map(169),
  extend_high_i16x8_u: map(170),
  shl: shift(171),
  shr_s: shift(172),
  shr_u: shift(173),
  add: zip(174),
  sub: zip(177),
  mul: zip(181),
  min_s: zip(182),
  min_u: zip(183),
  max_s: zip(184),
  max_u: zip(185),
  trunc_sat_f32x4_s: map(248),
  trunc_sat_f32x4_u: map(249),
  trunc_sat_f64x2_s_zero: map(252),
  relaxed_trunc_f32x4_s: map(0x101),
  /** Equals {@link v128.bitselect} if every lane of the mask is all ones or all zeros. */
  relaxed_laneselect: (x: V, y: V, mask: V): V => code("v128", x, y, mask, opcode(0x10b)),
} as const;

export const i64x2 = {
  splat: splat("i64", 18),
  extract_lane: extract("i64", 29),
  replace_lane: replace("i64", 30),
  extend_low_i32x4_s: map(199),
  extend_high_i32x4_s: map(200),
  extend_low_i32x4_u: map(201),
  extend_high_i32x4_u: map(202),
  shl: shift(203),
  shr_s: shift(204),
  shr_u: shift(205),
  add: zip(206),
  sub: zip(209),
  mul: zip(213),
  eq: zip(214),
  ne: zip(215),
} as const;

export const f32x4 = {
  const: lanes(4, single),
  splat: splat("f32", 19),
  extract_lane: extract("f32", 31),
  replace_lane: replace("f32", 32),
  eq: zip(65),
  ne: zip(66),
  lt: zip(67),
  gt: zip(68),
  le: zip(69),
  ge: zip(70),
  demote_f64x2_zero: map(94),
  ceil: map(103),
  floor: map(104),
  trunc: map(105),
  nearest: map(106),
  abs: map(224),
  neg: map(225),
  sqrt: map(227),
  add: zip(228),
  sub: zip(229),
  mul: zip(230),
  div: zip(231),
  /** NaN if either is NaN. */
  min: zip(232),
  /** NaN if either is NaN. */
  max: zip(233),
  /** `y < x ? y : x`: one instruction on x86 and ARM. */
  pmin: zip(234),
  /** `x < y ? y : x` */
  pmax: zip(235),
  convert_i32x4_s: map(250),
  convert_i32x4_u: map(251),
  /** `x·y + z`, rounded once or twice, depending on the processor. */
  relaxed_madd: zip3(0x105),
  /** `−x·y + z`, rounded once or twice. */
  relaxed_nmadd: zip3(0x106),
} as const;

export const f64x2 = {
  const: lanes(2, double),
  splat: splat("f64", 20),
  extract_lane: extract("f64", 33),
  replace_lane: replace("f64", 34),
  eq: zip(71),
  ne: zip(72),
  lt: zip(73),
  gt: zip(74),
  le: zip(75),
  ge: zip(76),
  promote_low_f32x4: map(95),
  ceil: map(116),
  floor: map(117),
  trunc: map(122),
  nearest: map(148),
  abs: map(236),
  neg: map(237),
  sqrt: map(239),
  add: zip(240),
  sub: zip(241),
  mul: zip(242),
  div: zip(243),
  min: zip(244),
  max: zip(245),
  pmin: zip(246),
  pmax: zip(247),
  convert_low_i32x4_s: map(254),
  convert_low_i32x4_u: map(255),
  relaxed_madd: zip3(0x107),
  relaxed_nmadd: zip3(0x108),
} as const;
