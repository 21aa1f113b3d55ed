import type { Eq } from "fp-ts/lib/Eq.js";
import { sameShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/**
 * Whether two tensors are the same value: shape, dtype, and every element by `Object.is`.
 *
 * So NaN equals NaN, and 0 does not equal -0. Equal tensors therefore give equal results in every function (`1/x`
 * distinguishes the zeros), and this is an equivalence relation, unlike IEEE's `==`. All NaNs are equal whatever
 * their payload, as everywhere in JavaScript.
 */
export const equal = (a: Tensor, b: Tensor): boolean => {
  if (a === b) return true;
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  const [x, y] = [Tensor.read(a), Tensor.read(b)];
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
};

/** The tolerances of {@link allClose}: `|a - b| ≤ atol + rtol·|b|`. */
export interface Tolerance {
  /** Relative tolerance, times the second tensor's element. Defaults to 1e-5. */
  readonly rtol?: number;
  /** Absolute tolerance. Defaults to 1e-8. */
  readonly atol?: number;
}

/**
 * Whether two tensors of one shape are equal up to rounding; their dtypes may differ.
 *
 * **Math** `|aᵢ - bᵢ| ≤ atol + rtol·|bᵢ|` for every i; NaN is close to NaN, and an infinity only to itself.
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
