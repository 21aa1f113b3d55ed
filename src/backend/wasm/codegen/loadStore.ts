import { type Dtype, isHalf } from "../../../tensor/dtype.ts";
import {
  type Body,
  type Code,
  f32,
  f32x4,
  f64,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type Operand,
  type ValueType,
  v128,
} from "../assembler/index.ts";

import { gatherHalves, loadHalf, loadHalves, storeHalf, storeHalves } from "./halves.ts";

/** Loads and stores elements by dtype: one element, or four lanes of it. */

type Address = Operand<"i32">;

/** Loads one element, in the scalar type of its dtype. */
export const loadScalar = (
  body: Body,
  dtype: Dtype,
  address: Address,
  offset = 0,
): Code<"f32" | "f64" | "i32"> => {
  switch (dtype) {
    case "f32":
      return f32.load(address, offset);
    case "f64":
      return f64.load(address, offset);
    case "f16":
    case "bf16":
      return loadHalf(body, dtype, address, offset);
    case "i32":
      return i32.load(address, offset);
    default:
      return i32.load8_u(address, offset);
  }
};

export const storeScalar = (
  body: Body,
  dtype: Dtype,
  address: Address,
  value: Code<ValueType>,
  offset = 0,
): Code<"void"> => {
  // A value has the scalar type of its dtype.
  switch (dtype) {
    case "f32":
      return f32.store(address, value as Code<"f32">, offset);
    case "f64":
      return f64.store(address, value as Code<"f64">, offset);
    case "f16":
    case "bf16":
      return storeHalf(body, dtype, address, value as Code<"f32">, offset);
    case "i32":
      return i32.store(address, value as Code<"i32">, offset);
    default:
      return i32.store8(address, value as Code<"i32">, offset);
  }
};

/** A vector with a scalar in all four lanes; a bool becomes a mask. */
export const spread = (dtype: Dtype, value: Code<ValueType>): Code<"v128"> => {
  switch (dtype) {
    case "f32":
    case "f16":
    case "bf16":
      return f32x4.splat(value as Code<"f32">); // a value has the scalar type of its dtype
    case "bool":
      return i32x4.splat(i32.sub(0, value as Code<"i32">));
    default:
      return i32x4.splat(value as Code<"i32">);
  }
};

/** Loads four adjacent elements. */
export const loadVector = (
  body: Body,
  dtype: Dtype,
  address: Address,
  offset = 0,
): Code<"v128"> => {
  if (dtype === "f32" || dtype === "i32") return v128.load(address, offset);
  if (isHalf(dtype)) return loadHalves(body, dtype, address, offset);
  const bytes = i32x4.extend_low_i16x8_u(
    i16x8.extend_low_i8x16_u(v128.load32_zero(address, offset)),
  );
  return dtype === "bool" ? i32x4.ne(bytes, body.hoist(i32x4.const(0))) : bytes;
};

/** Loads four elements with a stride between them. */
export const gatherVector = (
  body: Body,
  dtype: Dtype,
  address: Code<"i32">,
  step: number,
  offset = 0,
): Code<"v128"> => {
  const at = body.let(address);
  const lane = (i: number): Code<"i32"> => (i === 0 ? at : i32.add(at, i * step));
  if (isHalf(dtype)) return gatherHalves(body, dtype, lane, offset);
  if (dtype === "f32" || dtype === "i32")
    return [1, 2, 3].reduce<Code<"v128">>(
      (lanes, i) => v128.load32_lane(i, lanes, lane(i), offset),
      v128.load32_zero(at, offset),
    );
  const bytes = [1, 2, 3].reduce<Code<"v128">>(
    (lanes, i) => i32x4.replace_lane(i, lanes, i32.load8_u(lane(i), offset)),
    i32x4.splat(i32.load8_u(at, offset)),
  );
  return dtype === "bool" ? i32x4.ne(bytes, body.hoist(i32x4.const(0))) : bytes;
};

const lowBytes = [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12];

/** Stores four adjacent elements. */
export const storeVector = (
  body: Body,
  dtype: Dtype,
  address: Address,
  value: Code<"v128">,
  offset = 0,
): Code<"void"> => {
  if (dtype === "f32" || dtype === "i32") return v128.store(address, value, offset);
  if (isHalf(dtype)) return storeHalves(body, dtype, address, value, offset);
  const lanes = dtype === "bool" ? v128.and(value, body.hoist(i32x4.const(1))) : value;
  const named = body.let(lanes);
  return v128.store32_lane(0, i8x16.shuffle(lowBytes, named, named), address, offset);
};

/** One lane of a vector, 0 to 3, as a scalar. */
export const extractLane = (
  dtype: Dtype,
  lane: number,
  value: Code<"v128">,
): Code<"f32" | "i32"> =>
  dtype === "f32" || isHalf(dtype)
    ? f32x4.extract_lane(lane, value)
    : dtype === "bool"
      ? i32.and(i32x4.extract_lane(lane, value), 1)
      : i32x4.extract_lane(lane, value);
