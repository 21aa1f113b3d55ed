import * as diagonals from "../../../src/ir/ops/diagonals.ts";
import * as sums from "../../../src/ir/ops/einsum.ts";
import * as fourier from "../../../src/ir/ops/fourier.ts";
import * as arrangement from "../../../src/ir/ops/rearrange.ts";
import * as order from "../../../src/ir/ops/sorting.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { KnownValues } from "../../values/known.ts";
import { type F, valueFrom } from "./reductions.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const hand = valueFrom("by hand");
const numpy = valueFrom("the meaning of NumPy's function of the name");
const torch = valueFrom("the meaning of PyTorch's function of the name");
const int = (xs: readonly number[]) => tensor(xs, "i32");
const withNaN = [1, nan, 3];
const { einsum } = sums;

export const knownArrangement: KnownValues<typeof arrangement> = {
  roll: [numpy((x) => arrangement.roll(x, -4), [[1, 2, 3]], [2, 3, 1])],
  tile: [
    numpy(
      (x) => arrangement.tile(x, [2, 1]),
      [[1, 2]],
      [
        [1, 2],
        [1, 2],
      ],
    ),
  ],
  repeat: [numpy((x) => arrangement.repeat(x, 2), [[1, 2]], [1, 1, 2, 2])],
  kron: [
    numpy(
      (x, y) => arrangement.kron(x, y),
      [
        [1, 10],
        [1, 2],
      ],
      [1, 2, 10, 20],
    ),
  ],
  cross: [
    numpy(
      (x, y) => arrangement.cross(x, y),
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
      [0, 0, 1],
    ),
  ],
  searchSorted: [
    numpy(
      (s, v) => arrangement.searchSorted(s, v),
      [
        [1, 2, 2, 3],
        [0, 2, 4, nan, -inf],
      ],
      [0, 1, 4, 4, 0],
    ),
    numpy(
      (s, v) => arrangement.searchSorted(s, v, { after: true }),
      [
        [1, 2, 2, 3],
        [0, 2, 3, nan, inf],
      ],
      [0, 3, 4, 4, 4],
    ),
    numpy(
      (s, v) => arrangement.searchSorted(s, v),
      [
        [1, nan, nan],
        [nan, 2, inf],
      ],
      [1, 1, 1],
    ),
    numpy(
      (s, v) => arrangement.searchSorted(s, v, { after: true }),
      [
        [1, nan, nan],
        [nan, 2],
      ],
      [3, 1],
    ),
  ],
  repeatByCounts: [
    numpy((x, n) => arrangement.repeatByCounts(x, n, 3), [[1, 2, 3], int([0, 2, 1])], [2, 2, 3]),
  ],
  meshgrid: [
    numpy(
      (x, y) => arrangement.meshgrid(x, y),
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 1],
        [2, 2],
      ],
      [
        [3, 4],
        [3, 4],
      ],
    ),
  ],
  cartesianProduct: [
    torch(
      (x, y) => arrangement.cartesianProduct(x, y),
      [[1, 2], [3]],
      [
        [1, 3],
        [2, 3],
      ],
    ),
  ],
  combinations: [
    torch(
      (x) => arrangement.combinations(x),
      [[1, 2, 3]],
      [
        [1, 2],
        [1, 3],
        [2, 3],
      ],
    ),
  ],
};

export const knownDiagonals: KnownValues<typeof diagonals> = {
  tril: [
    numpy(
      (x) => diagonals.tril(x),
      [
        [
          [1, nan],
          [3, 4],
        ],
      ],
      [
        [1, 0],
        [3, 4],
      ],
    ),
  ],
  triu: [
    numpy(
      (x) => diagonals.triu(x, 1),
      [
        [
          [1, 2],
          [nan, 4],
        ],
      ],
      [
        [0, 2],
        [0, 0],
      ],
    ),
  ],
  diagonal: [
    numpy(
      (x) => diagonals.diagonal(x, -1),
      [
        [
          [1, 2],
          [3, inf],
        ],
      ],
      [3],
    ),
    numpy(
      (x) => diagonals.diagonal(x, 5),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [],
    ),
  ],
  diagonalMatrix: [
    numpy(
      (x) => diagonals.diagonalMatrix(x, 1),
      [[7]],
      [
        [0, 7],
        [0, 0],
      ],
    ),
  ],
  trace: [
    numpy(
      (x) => diagonals.trace(x),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      5,
    ),
  ],
};

export const knownSums: KnownValues<typeof sums> = {
  einsum: [
    numpy((x, y) => einsum("ij,jk->ik", x, y), [[[1, 2]], [[3], [4]]], [[11]]),
    numpy(
      (x) => einsum("ii->i", x),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [1, 4],
    ),
  ],
};

const complex =
  (f: (z: fourier.Complex) => object): F =>
  (re, im) =>
    f({ re, im });

export const knownTransforms: KnownValues<typeof fourier> = {
  fft: [numpy((x) => fourier.fft(x), [[1, 2, 3, 4]], [10, -2, -2, -2], [0, 2, 0, -2])],
  ifft: [
    numpy(
      complex((z) => fourier.ifft(z)),
      [
        [10, -2, -2, -2],
        [0, 2, 0, -2],
      ],
      [1, 2, 3, 4],
      [0, 0, 0, 0],
    ),
  ],
  rfft: [numpy((x) => fourier.rfft(x), [[1, 2, 3, 4]], [10, -2, -2], [0, 2, 0])],
  irfft: [
    numpy(
      complex((z) => fourier.irfft(z)),
      [
        [10, -2, -2],
        [0, 2, 0],
      ],
      [1, 2, 3, 4],
    ),
  ],
  fftn: [
    numpy(
      (x) => fourier.fftn(x),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [
        [10, -2],
        [-4, 0],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ],
  ifftn: [
    numpy(
      complex((z) => fourier.ifftn(z)),
      [
        [
          [10, -2],
          [-4, 0],
        ],
        [
          [0, 0],
          [0, 0],
        ],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ],
  rfftn: [
    numpy(
      (x) => fourier.rfftn(x),
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [
        [10, -2],
        [-4, 0],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ],
  irfftn: [
    numpy(
      complex((z) => fourier.irfftn(z)),
      [
        [
          [10, -2],
          [-4, 0],
        ],
        [
          [0, 0],
          [0, 0],
        ],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ],
};

const thirteen = Array.from({ length: 14 }, (_, i) => i);

export const knownOrders: KnownValues<typeof order> = {
  topK: [
    torch((x) => order.topK(x, 2), [[1, 3, 2]], [3, 2], [1, 2]),
    torch((x) => order.topK(x, 2), [withNaN], [nan, 3], [1, 2]),
  ],
  kthValue: [hand((x) => order.kthValue(x, 1), [[3, 1, 2]], 2, 2)],
  quantile: [
    numpy((x) => order.quantile(x, 0.3), [[1, 2, 3, 4, 5]], 2.2),
    numpy((x) => order.quantile(x, 7 / 13, { method: "higher" }), [thirteen], 7),
    numpy(
      (x, q) => order.quantile(x, q, { method: "higher" }),
      [thirteen, tensor([7 / 13, 1])],
      [7, 13],
    ),
    numpy((x) => order.quantile(x, 0.5, { method: "midpoint" }), [[1, 2]], 1.5),
    numpy((x) => order.quantile(x, 0.5), [[-1.5e308, 1.5e308]], 0),
    numpy((x) => order.quantile(x, 1), [[1, inf]], inf),
    numpy((x) => order.quantile(x, 0.5), [[]], nan),
    numpy((x) => order.quantile(x, 0.5, { ignoreNaN: true }), [[nan, nan]], nan),
    numpy((x) => order.quantile(x, 0.5), [withNaN], nan),
    numpy((x) => order.quantile(x, 0.5, { ignoreNaN: true }), [withNaN], 2),
  ],
  median: [
    torch((x) => order.median(x), [[4, 1, 3, 2]], 2, 3),
    torch((x) => order.median(x), [withNaN], nan, 1),
  ],
  mode: [torch((x) => order.mode(x), [[1, 2, 2, 1, 3]], 1, 3)],
};
