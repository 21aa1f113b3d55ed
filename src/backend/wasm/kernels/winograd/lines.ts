/**
 * The transforms of F(2, 3) along one axis, which compute two outputs of three factors each with four products instead
 * of six. Along both axes of an image they give F(2×2, 3×3), with 16 products instead of 36.
 *
 * **Math** `y = Aᵀ((G g) ⊙ (Bᵀ d))` for outputs `y`, kernel `g`, inputs `d`. As a sum of products of all three it is
 * `Σ_ξ (A y)_ξ (G g)_ξ (Bᵀ d)_ξ`, whose derivative by `g` is `Gᵀ((A ẏ) ⊙ (Bᵀ d))`. Row 3 of `A` is negated if that
 * saves an operation; `Gᵀ` then takes element 3 with a minus sign.
 *
 * An output depends only on the inputs of its own window, bit for bit, since its sum contains no others: a NaN does not
 * spread to neighbors. The larger F(4×4, 3×3) lacks this property, and its rounding error is five times that of a
 * direct sum, more than the law of accuracy allows.
 *
 * **Source** Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast algorithms for
 * convolutional neural networks" (2015), arXiv:1509.09308, section 4.1.
 */
import { type Body, type Code, f32x4 } from "../../assembler/index.ts";

export type Vector = Code<"v128">;
export type Line = readonly Vector[];

const { add, sub, mul } = f32x4;
const at = (line: Line, i: number): Vector => line[i] as Vector;

const half = (body: Body, x: Vector): Vector => mul(x, body.hoist(f32x4.const(0.5)));

/** Element `i` of `Bᵀ d`, as an operation on two of the four elements. */
export const inputTerms: readonly {
  readonly of: readonly [number, number];
  readonly by: (x: Vector, y: Vector) => Vector;
}[] = [
  { of: [0, 2], by: sub },
  { of: [1, 2], by: add },
  { of: [2, 1], by: sub },
  { of: [1, 3], by: sub },
];

/** `Bᵀ d` */
export const inputLine = (d: Line): Line =>
  inputTerms.map(({ of: [i, j], by }) => by(at(d, i), at(d, j)));

/** `G g` */
export const kernelLine = (body: Body, [g0, g1, g2]: readonly [Vector, Vector, Vector]): Line => {
  const ends = body.let(half(body, add(g0, g2)));
  const middle = body.let(half(body, g1));
  return [g0, add(ends, middle), sub(ends, middle), g2];
};

/** `Aᵀ m` */
export const outputLine = (m: Line): Line => [
  add(add(at(m, 0), at(m, 1)), at(m, 2)),
  sub(sub(at(m, 1), at(m, 2)), at(m, 3)),
];

/** `A ẏ`, with the last element negated. An output outside the image is left out. */
export const cotangentLine = (x: Vector, y: Vector | undefined): readonly (Vector | undefined)[] =>
  y === undefined ? [x, x, x, undefined] : [x, add(x, y), sub(x, y), y];

/** `Gᵀ m`, for an `m` whose last element is negated. */
export const gradientLine = (body: Body, m: Line): Line => {
  const [sum, difference] = [add(at(m, 1), at(m, 2)), sub(at(m, 1), at(m, 2))];
  const middle = body.let(half(body, sum));
  return [add(at(m, 0), middle), half(body, difference), sub(middle, at(m, 3))];
};
