import type { Eq } from "fp-ts/lib/Eq.js";
import { sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/**
 * Whether two tensors are the same value: shape, dtype, and every element by `Object.is`.
 *
 * So NaN equals NaN, and 0 does not equal -0: equal tensors give equal results in every function
 * (`1/x` tells the zeros apart), and this is an equivalence, which IEEE's `==` is not. NaNs are one
 * value here, whatever their payload, as everywhere in JavaScript.
 */
export const equal = (a: Tensor, b: Tensor): boolean => {
  if (a === b) return true;
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  const [x, y] = [Tensor.read(a), Tensor.read(b)];
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
};

/** How near is near: `|a - b| ≤ atol + rtol·|b|`. */
export interface Tolerance {
  /** Relative to the second tensor's element; 1e-5 where not given. */
  readonly rtol?: number;
  /** Absolute; 1e-8 where not given. */
  readonly atol?: number;
}

/**
 * Whether two tensors of one shape are equal up to rounding; their dtypes may differ.
 *
 * **Math** `|aᵢ - bᵢ| ≤ atol + rtol·|bᵢ|` for every i; NaN is near NaN, and an infinity near itself only.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { allClose } from "fluxion/tensor";
 * allClose(tensor([0.1, 0.2]), tensor([0.1, 0.2], "f64"), { rtol: 1e-6 }) // => true
 * ```
 */
export const allClose = (
  a: Tensor,
  b: Tensor,
  { rtol = 1e-5, atol = 1e-8 }: Tolerance = {},
): boolean => {
  if (!sameShape(a.shape, b.shape)) return false;
  const [x, y] = [Tensor.read(a), Tensor.read(b)];
  for (let i = 0; i < x.length; i++)
    if (!near(x[i] as number, y[i] as number, rtol, atol)) return false;
  return true;
};

const near = (x: number, y: number, rtol: number, atol: number): boolean => {
  if (x === y) return true;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) && Number.isNaN(y);
  return Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y);
};

/** {@link equal} as an fp-ts instance: reflexive, symmetric, transitive. */
export const EqTensor: Eq<Tensor> = { equals: equal };
