/**
 * The transforms of F(2, 3) along one axis: two outputs of three factors each by four products instead of
 * six. Along both axes of an image they make F(2×2, 3×3), 16 products instead of 36.
 *
 * **Math** `y = Aᵀ((G g) ⊙ (Bᵀ d))` for outputs `y`, kernel `g`, inputs `d`; as a sum of products of all
 * three it is `Σ_ξ (A y)_ξ (G g)_ξ (Bᵀ d)_ξ`, whose derivative by `g` is `Gᵀ((A ẏ) ⊙ (Bᵀ d))`. Row 3 of
 * `A` is taken with the other sign where that spares a negation, and made good by that of `Gᵀ`.
 *
 * An output depends on the inputs of its own window only, bit for bit, as there is no other in its sum:
 * what is not a number does not spread to neighbors. Of the larger F(4×4, 3×3) this is not so, and its
 * rounding is five times that of a direct sum, more than law 9 allows.
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

/** Element `i` of `Bᵀ d`: an operation on two of the four. */
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

/** `A ẏ`, the last with the other sign; what lies outside is left out. */
export const cotangentLine = (x: Vector, y: Vector | undefined): readonly (Vector | undefined)[] =>
  y === undefined ? [x, x, x, undefined] : [x, add(x, y), sub(x, y), y];

/** `Gᵀ m`, of `m` with the last of the other sign. */
export const gradientLine = (body: Body, m: Line): Line => {
  const [sum, difference] = [add(at(m, 1), at(m, 2)), sub(at(m, 1), at(m, 2))];
  const middle = body.let(half(body, sum));
  return [add(at(m, 0), middle), half(body, difference), sub(middle, at(m, 3))];
};
