/** The vocabulary of the elementary functions: named values, hoisted constants, Horner's rule. */
import {
  type Body,
  type Code,
  f32x4,
  f64x2,
  i32x4,
  type Local,
  type ModuleBuilder,
  v128,
} from "../../assembler/index.ts";

export type Vector = Code<"v128">;

/** The place where code is being written, and whether it may use the processor's fused multiply-add. */
export interface Site {
  readonly module: ModuleBuilder;
  readonly body: Body;
  readonly relaxed: boolean;
}

export interface Arithmetic {
  /** A constant in every lane, set once per function. */
  readonly k: (value: number) => Vector;
  /** Evaluates the value here, once, and names it. */
  readonly name: (value: Vector) => Local<"v128">;
  /** `x·y + z` */
  readonly madd: (x: Vector, y: Vector, z: Vector) => Vector;
  /** `z − x·y` */
  readonly nmadd: (x: Vector, y: Vector, z: Vector) => Vector;
  /** `c₀ + c₁x + c₂x² + …`. `x` is a local, because every degree reads it. */
  readonly horner: (x: Local<"v128">, coefficients: readonly number[]) => Vector;
  /** `mask ? x : y`. Every lane of the mask must be all ones or all zeros. */
  readonly choose: (mask: Vector, x: Vector, y: Vector) => Vector;
}

const arithmetic =
  (lanes: typeof f32x4 | typeof f64x2) =>
  ({ body, relaxed }: Site): Arithmetic => {
    const k = (value: number): Vector => body.hoist(lanes.const(value));
    const madd: Arithmetic["madd"] = relaxed
      ? lanes.relaxed_madd
      : (x, y, z) => lanes.add(lanes.mul(x, y), z);
    return {
      k,
      name: body.let,
      madd,
      nmadd: relaxed ? lanes.relaxed_nmadd : (x, y, z) => lanes.sub(z, lanes.mul(x, y)),
      horner: (x, coefficients) => coefficients.map(k).reduceRight((sum, c) => madd(sum, x, c)),
      choose: (mask, x, y) =>
        relaxed ? i32x4.relaxed_laneselect(x, y, mask) : v128.bitselect(x, y, mask),
    };
  };

export const singles = arithmetic(f32x4);
export const doubles = arithmetic(f64x2);

/** The same bits in every 32-bit lane, set once per function. */
export const bits = ({ body }: Site, word: number): Vector => body.hoist(i32x4.const(word));

export const signBit = 0x80000000;
