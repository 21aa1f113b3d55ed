import * as fc from "fast-check";
import { Expr } from "../../../src/ir/expr.ts";
import * as cumulative from "../../../src/ir/ops/cumulative.ts";
import * as diagonals from "../../../src/ir/ops/diagonals.ts";
import * as sums from "../../../src/ir/ops/einsum.ts";
import { abs, add } from "../../../src/ir/ops/elementwise.ts";
import * as fourier from "../../../src/ir/ops/fourier.ts";
import * as arrangement from "../../../src/ir/ops/rearrange.ts";
import { cumsum } from "../../../src/ir/ops/reduction.ts";
import * as scatter from "../../../src/ir/ops/scatter.ts";
import * as order from "../../../src/ir/ops/sorting.ts";
import { concatenate, reshape, sliceAxis } from "../../../src/ir/ops/structural.ts";
import * as boxes from "../../../src/nn/functional/boxes.ts";
import { type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import { type Domain, distinct, positive, real, tensors, truth } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";

type Setting = Omit<SymbolicFunction, "name">;

/** The expressions that an operation returns: one, or a record of them. */
const partsOf = (made: object): readonly Expr[] =>
  made instanceof Expr ? [made] : (Object.values(made) as readonly Expr[]);

type Made = (x: Expr, y: Expr, z: Expr) => object;

const on =
  (domain: (shape: Shape) => Domain) =>
  (f: Made, ...shapes: readonly Shape[]): Setting => ({
    operands: shapes.map(domain),
    apply: ([x, y, z]) => partsOf(f(x as Expr, y as Expr, z as Expr)),
  });

const smooth = on((shape) => tensors(shape, real));
/** Operands without ties, since ties have no derivative. */
const apart = on(distinct);
/** Few different values, each repeated: the mode then does not depend on small changes. */
const often: Domain = {
  type: { shape: [2, 3], dtype: "f64" },
  values: tensors([2, 1], real).values.chain(
    (x) => tensors([2, 3], fc.constantFrom(...x.toTypedArray())).values,
  ),
};

const kinds = ["sum", "mean", "prod", "max", "min"] as const;
const indicesOf = (shape: Shape): Domain => tensors(shape, fc.integer({ min: -1, max: 3 }), "i32");
/** The updates and the values they meet are parts of one list without equal elements. */
const scattered = (
  x: Shape,
  indices: Shape,
  updates: Shape,
  f: (operands: readonly [Expr, Expr, Expr]) => Expr,
): Setting => ({
  operands: [distinct([sizeOf(x) + sizeOf(updates)]), indicesOf(indices)],
  apply: ([all, at]) => {
    const [own, others] = split(all as Expr, sizeOf(x));
    return [f([reshape(own, x) as Expr, at as Expr, reshape(others, updates)])];
  },
});
const split = (all: Expr, at: number): readonly [Expr, Expr] => [
  sliceAxis(all, 0, 0, at),
  sliceAxis(all, 0, at, all.shape[0] ?? 0),
];

const complex = (f: (z: fourier.Complex) => object) => (re: Expr, im: Expr) => f({ re, im });
const { fft, ifft, fftn, ifftn, rfft, irfft, rfftn, irfftn } = fourier;
const { einsum } = sums;

/** Boxes of some area, from any numbers: a corner, and how far the other is. */
const boxed = (x: Expr): Expr => {
  const [from, by] = [sliceAxis(x, -1, 0, 2), sliceAxis(x, -1, 2, 4)];
  return concatenate([from, add(from, add(abs(by), 0.5))], -1);
};

type Composed = Omit<typeof boxes, "anchorBoxes"> &
  typeof arrangement &
  typeof cumulative &
  typeof diagonals &
  typeof fourier &
  typeof order &
  typeof scatter &
  typeof sums;

/** Operations composed of others, in several settings. A missing one does not compile. */
const settings: { readonly [Name in keyof Composed]: readonly Setting[] } = {
  roll: [smooth((x) => arrangement.roll(x, -4, 0), [3, 2])],
  tile: [smooth((x) => arrangement.tile(x, [2, 1, 3]), [2, 2])],
  repeat: [smooth((x) => arrangement.repeat(x, 2, 0), [2, 2])],
  kron: [smooth(arrangement.kron, [2, 3], [2, 2]), smooth(arrangement.kron, [2], [2, 2])],
  cross: [smooth((x, y) => arrangement.cross(x, y), [2, 3], [2, 3])],
  repeatByCounts: [
    {
      operands: [tensors([2, 3], real), tensors([3], fc.integer({ min: 0, max: 2 }), "i32")],
      apply: ([x, n]) => [arrangement.repeatByCounts(x as Expr, n as Expr, 4)],
    },
  ],
  meshgrid: [smooth((x, y) => arrangement.meshgrid(x, y), [2], [3])],
  cartesianProduct: [smooth((x, y) => arrangement.cartesianProduct(x, y), [2], [3])],
  combinations: [
    smooth((x) => arrangement.combinations(x), [3]),
    smooth((x) => arrangement.combinations(x, 2, { repeated: true }), [3]),
  ],
  searchSorted: [apart((x, y) => arrangement.searchSorted(x, y), [3], [2, 2])],

  cumprod: [
    smooth((x) => cumulative.cumprod(x), [2, 3]),
    smooth((x) => cumulative.cumprod(x, 0), [3]),
  ],
  cumulativeLogSumExp: [
    smooth((x) => cumulative.cumulativeLogSumExp(x), [2, 3]),
    smooth((x) => cumulative.cumulativeLogSumExp(x, 0), [3, 2]),
  ],
  logAddExp: [smooth(cumulative.logAddExp, [3], [3]), smooth(cumulative.logAddExp, [2, 1], [3])],
  cummax: [apart((x) => cumulative.cummax(x, 0), [3, 2])],
  cummin: [apart((x) => cumulative.cummin(x), [2, 3])],
  diff: [
    smooth((x) => cumulative.diff(x, { order: 2 }), [2, 4]),
    smooth((x, y) => cumulative.diff(x, { axis: 0, prepend: y, append: y }), [2, 2], [1, 2]),
  ],
  trapezoid: [
    smooth((y) => cumulative.trapezoid(y, { dx: 0.5 }), [2, 3]),
    smooth((y, x) => cumulative.trapezoid(y, { x, axis: 0 }), [3], [3]),
  ],
  cumulativeTrapezoid: [smooth((y) => cumulative.cumulativeTrapezoid(y, { axis: 0 }), [3, 2])],

  gradient: [
    smooth((y) => cumulative.gradient(y, { axis: 0, dx: 0.5 }), [3, 2]),
    smooth((y) => cumulative.gradient(y, { edgeOrder: 2 }), [2, 4]),
    {
      operands: [tensors([4], real), tensors([4], positive)],
      apply: ([y, gaps]) => [
        cumulative.gradient(y as Expr, { x: cumsum(gaps as Expr), edgeOrder: 2 }),
      ],
    },
  ],

  scatterReduce: kinds.flatMap((kind) => [
    scattered([3, 2], [4], [4, 2], ([x, i, y]) => scatter.scatterReduce(x, i, y, kind)),
    scattered([2, 3], [2], [2, 2], ([x, i, y]) =>
      scatter.scatterReduce(x, i, y, kind, { axis: 1, includeSelf: false }),
    ),
  ]),
  scatterReduceAlongAxis: kinds.flatMap((kind) => [
    scattered([2, 3], [2, 2], [2, 2], ([x, i, y]) => scatter.scatterReduceAlongAxis(x, i, y, kind)),
    scattered([3, 2], [4, 2], [4, 2], ([x, i, y]) =>
      scatter.scatterReduceAlongAxis(x, i, y, kind, { axis: 0, includeSelf: false }),
    ),
  ]),
  gather: [
    {
      operands: [tensors([3, 2, 2], real), indicesOf([4]), indicesOf([4])],
      apply: ([x, i, j]) => [scatter.gather(x as Expr, i as Expr, j as Expr)],
    },
  ],
  maskedScatter: [
    {
      operands: [tensors([2, 3], real), tensors([2, 3], truth, "bool"), tensors([4], real)],
      apply: ([x, m, y]) => [scatter.maskedScatter(x as Expr, m as Expr, y as Expr)],
    },
  ],

  tril: [smooth((x) => diagonals.tril(x), [2, 3]), smooth((x) => diagonals.tril(x, 1), [2, 2, 3])],
  triu: [smooth((x) => diagonals.triu(x), [3, 2]), smooth((x) => diagonals.triu(x, -1), [3, 3])],
  diagonal: [
    smooth((x) => diagonals.diagonal(x), [2, 3]),
    smooth((x) => diagonals.diagonal(x, 1, [2, 0]), [3, 2, 3]),
    smooth((x) => diagonals.diagonal(x, -1), [3, 2]),
  ],
  diagonalMatrix: [
    smooth((x) => diagonals.diagonalMatrix(x), [2]),
    smooth((x) => diagonals.diagonalMatrix(x, -1), [2, 2]),
  ],
  trace: [smooth(diagonals.trace, [3, 3]), smooth(diagonals.trace, [2, 2, 3])],

  fft: [
    smooth((x) => fft(x), [5]),
    smooth(
      complex((z) => fft(z, { axis: 0, norm: "orthonormal" })),
      [4, 2],
      [4, 2],
    ),
    smooth((x) => fft(x, { size: 3 }), [2, 4]),
    // Two prime factors, none of them small.
    smooth((x) => fft(x), [66]),
    smooth((x) => fft(x), [37]),
  ],
  ifft: [
    smooth(
      complex((z) => ifft(z)),
      [4],
      [4],
    ),
  ],
  fftn: [smooth((x) => fftn(x), [2, 3])],
  ifftn: [
    smooth(
      complex((z) => ifftn(z, { axes: [0] })),
      [2, 3],
      [2, 3],
    ),
  ],
  rfft: [smooth((x) => rfft(x), [2, 5]), smooth((x) => rfft(x, { size: 6 }), [4])],
  irfft: [
    smooth(
      complex((z) => irfft(z)),
      [3],
      [3],
    ),
    smooth(
      complex((z) => irfft(z, { size: 5 })),
      [2, 3],
      [2, 3],
    ),
  ],
  rfftn: [smooth((x) => rfftn(x), [2, 4])],
  irfftn: [
    smooth(
      complex((z) => irfftn(z, { size: 3 })),
      [2, 2],
      [2, 2],
    ),
  ],

  topK: [
    apart((x) => order.topK(x, 2), [2, 3]),
    apart((x) => order.topK(x, 2, { axis: 0, least: true }), [3, 2]),
  ],
  kthValue: [apart((x) => order.kthValue(x, 1), [2, 3])],
  median: [apart((x) => order.median(x), [2, 4])],
  mode: [{ operands: [often], rough: true, apply: ([x]) => partsOf(order.mode(x as Expr)) }],
  quantile: (["linear", "lower", "higher", "midpoint", "nearest"] as const).map((method) =>
    apart((x) => order.quantile(x, 0.3, { axis: 0, method }), [4, 2]),
  ),

  boxArea: [smooth((x) => boxes.boxArea(boxed(x)), [2, 4])],
  boxIou: [
    apart((x, y) => boxes.boxIou(boxed(x), boxed(y)), [2, 4], [3, 4]),
    // Most of these have no area.
    apart((x, y) => boxes.boxIou(x, y), [2, 4], [2, 4]),
  ],
  nonMaximumSuppression: [
    apart((x, y) => boxes.nonMaximumSuppression(boxed(x), y, { overlap: 0.1 }), [4, 4], [4]),
  ],
  encodeBoxes: [smooth((x, y) => boxes.encodeBoxes(boxed(x), boxed(y)), [2, 4], [2, 4])],
  decodeBoxes: [
    smooth((x, y) => boxes.decodeBoxes(x, boxed(y)), [2, 4], [2, 4]),
    smooth((x, y) => boxes.decodeBoxes(x, y, { limit: 0.5 }), [2, 4], [4]),
  ],

  einsum: [
    smooth((x, y, z) => einsum("ij,jk,kl->il", x, y, z), [2, 3], [3, 2], [2, 2]),
    smooth((x) => einsum("iij->ji", x), [2, 2, 3]),
    smooth((x, y) => einsum("...i,...ij->j...", x, y), [2, 3], [2, 3, 2]),
    smooth((x, y) => einsum("bi,bi", x, y), [2, 3], [2, 3]),
    smooth((x) => einsum("ba", x), [2, 3]),
  ],
};

/** Every composed operation in each of its settings. */
export const composedOperations: readonly SymbolicFunction[] = Object.entries(settings).flatMap(
  ([name, all]) =>
    all.map((setting, i) => ({ ...setting, name: i === 0 ? name : `${name}, setting ${i + 1}` })),
);
