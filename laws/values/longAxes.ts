import * as fc from "fast-check";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Expr, TensorType } from "../../src/ir/expr.ts";
import { abs } from "../../src/ir/ops/elementwise.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { programOf } from "../symbolic.ts";
import { bounded } from "./compare.ts";
import type { Compile } from "./meaning.ts";

/** An operand of a long sum: floats, or integers below a bound. */
export type LongOperand =
  | { readonly kind: "numbers"; readonly shape: Shape }
  | { readonly kind: "indices"; readonly shape: Shape; readonly below: number };

/** An f32 function that adds a great many terms. */
export interface LongSum {
  readonly name: string;
  /** The maximum number of terms of one sum. */
  readonly terms: number;
  readonly operands: readonly LongOperand[];
  readonly apply: (xs: readonly Expr[]) => readonly Expr[];
  /**
   * The sum of the terms' magnitudes, to which the rounding error is proportional. Defaults to the function applied to
   * the magnitudes of its operands.
   */
  readonly magnitude?: (xs: readonly Expr[]) => readonly Expr[];
}

export const numbers = (...shape: Shape): LongOperand => ({ kind: "numbers", shape });

export const indices = (below: number, ...shape: Shape): LongOperand => ({
  kind: "indices",
  shape,
  below,
});

/** How to fill operands: floats up to a scale, from a seed. */
interface Filling {
  readonly scale: number;
  readonly seed: number;
}

/** Equal numbers, whose rounding errors all have the same sign, and numbers of both signs. */
const spreads = ["equal", "mixed"] as const;

/** A hash of a counter, mapped to [0, 1]. */
const hashed = (counter: number): number => {
  let bits = Math.imul(counter ^ (counter >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
};

const filledWith = (
  { scale, seed }: Filling,
  spread: (typeof spreads)[number],
  operand: LongOperand,
  n: number,
): Tensor => {
  const { shape } = operand;
  const start = Math.imul(seed + 31 * n + 1, 0x9e3779b9);
  const size = sizeOf(shape);
  if (operand.kind === "indices") {
    const data = new Int32Array(size);
    for (let i = 0; i < size; i++) data[i] = Math.floor(hashed(start + i) * operand.below);
    return Tensor.own(shape, "i32", data);
  }
  const data = new Float32Array(size);
  if (spread === "equal") data.fill(scale);
  else for (let i = 0; i < size; i++) data[i] = scale * (hashed(start + i) - 0.5);
  return Tensor.own(shape, "f32", data);
};

const inDouble = (x: Tensor): Tensor => (x.dtype === "f32" ? x.cast("f64") : x);

const typeOf = ({ kind, shape }: LongOperand, dtype: "f32" | "f64"): TensorType => ({
  shape,
  dtype: kind === "numbers" ? dtype : "i32",
});

/** The allowed error for each doubling of the number of terms, in units in the last place. */
const units = 4;

/**
 * The error of a sum of n terms grows at most like log n, as for tree summation. A single running total is wrong by a
 * percent after 10⁶ equal terms.
 */
export const longSums = (compile: Compile): Law<LongSum> =>
  law(
    "long sums",
    "|f32 - f64| ≤ 4·log₂n·ε·Σ|x| for sums of n terms x",
    ({ operands, apply, terms, magnitude = (xs) => apply(xs.map(absolute)) }: LongSum) => {
      const types = (dtype: "f32" | "f64") => operands.map((o) => typeOf(o, dtype));
      const executable = compile(programOf(types("f32"), apply));
      const exact = programOf(types("f64"), (xs) => [...apply(xs), ...magnitude(xs)]);
      const share = units * Math.log2(terms) * 2 ** -23;
      return {
        given: record({
          scale: fc.constantFrom(0.1, 0.48, 1 / 3, 14.62),
          seed: fc.nat(1000),
        }),
        breach: (filling) =>
          spreads
            .map((spread) => {
              const inputs = operands.map((o, n) => filledWith(filling, spread, o, n));
              const all = run(exact, inputs.map(inDouble));
              const want = all.slice(0, all.length / 2).map((y) => y.cast("f32"));
              const bounds = all
                .slice(all.length / 2)
                .map((y) => Array.from(y.toTypedArray(), (most) => share * most));
              return bounded(bounds)(`${spread} numbers, output`, executable.run(inputs), want);
            })
            .find((reason) => reason !== undefined),
      };
    },
  );

const absolute = (x: Expr): Expr => (x.dtype === "i32" ? x : abs(x));
