import { apply } from "../../../src/ir/build.ts";
import type { Expr, Params, PrimitiveTag } from "../../../src/ir/expr.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";

/** One step of a random program: its name, numbers that choose its operands and parameters, and inner steps. */
export interface Instruction {
  readonly op: string;
  readonly picks: readonly number[];
  readonly inner: readonly Instruction[];
}

/** Runs instructions on a pool of values: returns the pool, and the new values. */
export type Grow = (
  start: readonly Expr[],
  instructions: readonly Instruction[],
) => readonly Expr[];

/** The values that an instruction adds to a pool, if any. */
type Step = (pool: readonly Expr[], instruction: Instruction, grow: Grow) => readonly Expr[];

/** The step of an instruction, and its relative frequency. Defaults to 1. */
export interface Entry {
  readonly weight?: number;
  readonly step: Step;
}

export type Steps = { readonly [name: string]: Entry };

export const special = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  -3,
  Number.NaN,
  Infinity,
  -Infinity,
  1e-40,
  3e38,
  0.1,
  64,
];

export const dtypes: readonly Dtype[] = ["f32", "f64", "f16", "bf16", "i32", "u8", "bool"];

export const choose = <A>(xs: readonly A[], n: number): A => xs[n % xs.length] as A;

/** The outputs of a node, if its operands fit. */
export const attempt = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  inputs: readonly Expr[],
  path: readonly string[] = [],
): readonly Expr[] => {
  const outputs = apply(primitive, params, inputs, path);
  const fits =
    outputs[0]?.node.issue === undefined &&
    outputs.every((x) => sizeOf(x.shape) <= 200 && x.shape.length <= 4);
  return fits ? outputs : [];
};

/** Picks an operand, more often a recent one, so that programs grow deep. */
export const pick = (pool: readonly Expr[], n: number): Expr =>
  pool[pool.length - 1 - Math.floor((n / 61) ** 2 * pool.length)] as Expr;
/** An operand of the type of `x`, or `x` itself. */
export const alike = (pool: readonly Expr[], x: Expr, n: number): Expr =>
  choose(
    pool.filter((y) => y.dtype === x.dtype && y.shape.join() === x.shape.join()),
    n,
  );
