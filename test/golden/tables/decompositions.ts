import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { where } from "../../../src/ir/ops/control.ts";
import { tril, triu } from "../../../src/ir/ops/diagonals.ts";
import { add, div, ge, gt, mul, sub } from "../../../src/ir/ops/elementwise.ts";
import { fill, oneHot, take } from "../../../src/ir/ops/indexing.ts";
import { keepDims, sum } from "../../../src/ir/ops/reduction.ts";
import { pad, reshape as reshapeTo, sliceAxis, transpose } from "../../../src/ir/ops/structural.ts";
import * as linalg from "../../../src/linalg/index.ts";
import { identityMatrix, matrixTranspose } from "../../../src/linalg/stacks.ts";
import { normalAxis, type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import {
  arg,
  axesOf,
  type Call,
  inputOf,
  notHad,
  numbersOf,
  scalarOf,
  type Table,
  tensorOf,
} from "../torch.ts";

/** Linear algebra: decompositions, systems, and norms of matrices. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;
const unary =
  (f: (x: Expr) => Expr) =>
  (c: Call): Expr =>
    f(inputOf(c));

const isUpper = (c: Call): boolean => c.kw.upper === true;
/** PyTorch's error codes for a batch of valid matrices: all zero. */
const noProblem = (x: Expr): Expr => fill(x.shape.slice(0, -2), 0, "i32");

const cholesky = (c: Call): Expr => {
  const l = linalg.cholesky(inputOf(c));
  return isUpper(c) ? matrixTranspose(l) : l;
};
/** The lower factor, transposed if the call asks for the upper one. */
const lowerOf = (x: Expr, c: Call): Expr => (isUpper(c) ? matrixTranspose(x) : x);

const permutationOf = (order: Expr, dtype: Expr["dtype"]): Expr =>
  matrixTranspose(oneHot(order, order.shape.at(-1) ?? 0, dtype));

/** Both triangles in one matrix `[m, n]`. */
const packed = ({ lower, upper }: linalg.LU): Expr => {
  const [m, n, k] = [lower.shape.at(-2) ?? 0, upper.shape.at(-1) ?? 0, lower.shape.at(-1) ?? 0];
  const none = lower.shape.slice(0, -2).map(() => [0, 0] as const);
  return add(
    pad(tril(lower, -1), [...none, [0, 0], [0, n - k]]),
    pad(upper, [...none, [0, m - k], [0, 0]]),
  ) as Expr;
};
const luFactor = (c: Call): readonly [Expr, Expr] => {
  const made = linalg.lu(inputOf(c));
  return [packed(made), add(made.pivots, 1)];
};
const unpackedOf = (x: Expr, pivots: Expr): Omit<linalg.LU, "pivots"> => {
  const [m, n] = [x.shape.at(-2) ?? 0, x.shape.at(-1) ?? 0];
  const k = Math.min(m, n);
  const lower = add(sliceAxis(tril(x, -1), -1, 0, k), identityMatrix(m, k, x.dtype)) as Expr;
  const order = linalg.orderOfPivots(sub(pivots, 1) as Expr, m);
  return { lower, upper: sliceAxis(triu(x), -2, 0, k), order };
};

/** Gives columns with two possible signs the signs that bring them nearest to PyTorch's. */
const signsLike = (x: Expr, expected: Tensor | undefined): Expr => {
  if (expected === undefined) return notHad("what is expected");
  const along = keepDims(sum(mul(x, constant(expected)) as Expr, -2), x, -2);
  return where(ge(along, 0), fill(along.shape, 1, x.dtype), -1) as Expr;
};
const decomposed = (c: Call, full: boolean, rowsOfV: boolean, expected: readonly Tensor[]) => {
  const x = inputOf(c);
  const [m, n] = [x.shape.at(-2) ?? 0, x.shape.at(-1) ?? 0];
  if (full && m !== n) return notHad("bases of more vectors than the matrix determines");
  const { u, s, v } = linalg.svd(x);
  const signs = signsLike(u, expected[0]);
  const [left, right] = [mul(u, signs) as Expr, mul(v, signs) as Expr];
  return [left, s, rowsOfV ? matrixTranspose(right) : right];
};

const norm = (c: Call): Expr => {
  const [x, given] = [inputOf(c), arg(c, 0, "ord")];
  const keep = c.kw.keepdim === true;
  const axes = axesOf(c.kw.dim ?? null, x.shape.length);
  if (given === null && axes === undefined) return linalg.vectorNorm(x, 2, { keep });
  if (given === "fro" || given === "nuc") return matrixNorm(x, given, keep);
  const order = given === null ? 2 : scalarOf(given);
  return x.shape.length === 1 || axes?.length === 1
    ? linalg.vectorNorm(x, order, { axes, keep })
    : matrixNorm(x, order, keep);
};
const matrixNorm = (
  x: Expr,
  order: number | "fro" | "nuc",
  keep: boolean,
  axes: readonly [number, number] = [-2, -1],
): Expr => {
  const kind = order === "fro" ? "frobenius" : order === "nuc" ? "nuclear" : order;
  return linalg.matrixNorm(x, kind, { axes, keep });
};

const cutOf = (c: Call): linalg.CutOptions => {
  const given = c.kw.rtol ?? null;
  if (given === null) return {};
  return typeof given === "number" ? { relative: given } : notHad("a cut that is a tensor");
};

export const decompositions: Table = {
  cholesky,
  "linalg.cholesky": cholesky,
  "linalg.cholesky_ex": (c) => [cholesky(c), noProblem(inputOf(c))],
  cholesky_inverse: (c) => linalg.choleskyInverse(lowerOf(inputOf(c), c)),
  cholesky_solve: (c) =>
    linalg.choleskySolve(lowerOf(tensorOf(arg(c, 0, "input2")), c), inputOf(c)),
  "linalg.solve_triangular": (c) => {
    const [a, b] = [inputOf(c), tensorOf(arg(c, 0, "B"))];
    const options = { lower: !isUpper(c), unitDiagonal: c.kw.unitriangular === true };
    if (c.kw.left !== false) return linalg.triangularSolve(a, b, options);
    return matrixTranspose(
      linalg.triangularSolve(a, matrixTranspose(b), { ...options, transposed: true }),
    );
  },
  triangular_solve: (c) => {
    const a = tensorOf(arg(c, 0, "A"));
    return [linalg.triangularSolve(a, inputOf(c), { lower: false }), a];
  },

  "linalg.lu": (c) => {
    const { lower, upper, order } = linalg.lu(inputOf(c));
    return [permutationOf(order, lower.dtype), lower, upper];
  },
  lu: luFactor,
  "linalg.lu_factor": luFactor,
  "linalg.lu_factor_ex": (c) => [...luFactor(c), noProblem(inputOf(c))],
  lu_unpack: (c) => {
    const { lower, upper, order } = unpackedOf(inputOf(c), tensorOf(arg(c, 0, "pivots")));
    return [permutationOf(order, lower.dtype), lower, upper];
  },
  lu_solve: (c) =>
    linalg.luSolve(
      unpackedOf(tensorOf(arg(c, 0, "LU")), tensorOf(arg(c, 1, "pivots"))),
      inputOf(c),
    ),
  "linalg.lu_solve": (c) => {
    const factors = unpackedOf(inputOf(c), tensorOf(arg(c, 0, "pivots")));
    const [b, adjoint] = [tensorOf(arg(c, 1, "B")), c.kw.adjoint === true];
    if (c.kw.left !== false) return linalg.luSolve(factors, b, { transposed: adjoint });
    return matrixTranspose(linalg.luSolve(factors, matrixTranspose(b), { transposed: !adjoint }));
  },
  "linalg.solve": (c) => linalg.solve(inputOf(c), tensorOf(arg(c, 0, "other"))),
  "linalg.solve_ex": (c) => [
    linalg.solve(inputOf(c), tensorOf(arg(c, 0, "other"))),
    noProblem(inputOf(c)),
  ],
  "linalg.inv": unary(linalg.inverse),
  "linalg.inv_ex": (c) => [linalg.inverse(inputOf(c)), noProblem(inputOf(c))],
  "linalg.det": unary(linalg.determinant),
  "linalg.det.singular": unary(linalg.determinant),
  "linalg.slogdet": (c) => {
    const { sign, logMagnitude } = linalg.signedLogDeterminant(inputOf(c));
    return [sign, logMagnitude];
  },
  logdet: unary((x) => {
    const { sign, logMagnitude } = linalg.signedLogDeterminant(x);
    return where(gt(sign, 0), logMagnitude, Number.NaN) as Expr;
  }),
  "linalg.tensorinv": (c) => {
    const [x, k] = [inputOf(c), scalarOf(c.kw.ind ?? 2)];
    const [front, back] = [x.shape.slice(0, k), x.shape.slice(k)];
    return reshape(linalg.inverse(reshape(x, [sizeOf(front), sizeOf(back)])), [...back, ...front]);
  },
  "linalg.tensorsolve": (c) => {
    const [b, dims] = [tensorOf(arg(c, 0, "other")), c.kw.dims ?? null];
    const given = inputOf(c);
    const moved = dims === null ? [] : numbersOf(dims);
    const rest = given.shape.map((_, i) => i).filter((i) => !moved.includes(i));
    const x = transpose(given, [...rest, ...moved]);
    const n = sizeOf(b.shape);
    return reshape(
      linalg.solve(reshape(x, [n, n]), reshape(b, [n])),
      x.shape.slice(b.shape.length),
    );
  },

  "linalg.qr": (c) => {
    const { q, r } = linalg.qr(inputOf(c));
    return [q, r];
  },
  qr: (c) => {
    const { q, r } = linalg.qr(inputOf(c));
    return [q, r];
  },
  "linalg.householder_product": (c) =>
    linalg.householderProduct(inputOf(c), tensorOf(arg(c, 0, "tau"))),
  "linalg.eigh": (c) => {
    const { values, vectors } = linalg.eigh(inputOf(c));
    return [values, vectors];
  },
  symeig: (c) => {
    const { values, vectors } = linalg.eigh(inputOf(c));
    return [values, vectors];
  },
  "linalg.eigvalsh": unary(linalg.eigenvaluesSymmetric),
  "linalg.svd": (c, expected) => decomposed(c, c.kw.full_matrices !== false, true, expected),
  svd: (c, expected) => decomposed(c, c.kw.some === false, false, expected),
  "linalg.svdvals": unary(linalg.singularValues),
  "linalg.cond": unary((x) => linalg.conditionNumber(x)),
  "linalg.pinv": (c) => linalg.pseudoInverse(inputOf(c), cutOf(c)),
  "linalg.pinv.hermitian": unary((x) => linalg.pseudoInverse(x)),
  "linalg.pinv.singular": (c) =>
    linalg.pseudoInverse(
      // The product has the rank of its factors.
      matmul(inputOf(c), matrixTranspose(tensorOf(arg(c, 0, "b")))),
    ),
  pinverse: unary((x) => linalg.pseudoInverse(x)),
  "linalg.matrix_power": (c) => linalg.matrixPower(inputOf(c), scalarOf(arg(c, 0, "n"))),
  matrix_exp: unary(linalg.matrixExponential),
  "linalg.norm": norm,
  "linalg.norm.subgradients_at_zero": norm,
  "linalg.matrix_norm": (c) => {
    const [given, axes, keep] = [
      arg(c, 0, "ord", "fro"),
      arg(c, 1, "dim", [-2, -1]),
      arg(c, 2, "keepdim", false) === true,
    ];
    const [row = -2, column = -1] = numbersOf(axes);
    const order = given === "fro" || given === "nuc" ? given : scalarOf(given);
    return matrixNorm(inputOf(c), order, keep, [row, column]);
  },
  cdist: (c) =>
    linalg.pairwiseDistances(inputOf(c), tensorOf(arg(c, 0, "x2")), scalarOf(arg(c, 1, "p", 2))),
  "nn.functional.pdist": (c) => {
    const x = inputOf(c);
    const n = x.shape[0] ?? 0;
    const pairs = Array.from({ length: n * n }, (_, i) => [Math.floor(i / n), i % n] as const);
    const above = pairs.filter(([i, j]) => i < j);
    const rows = (which: 0 | 1): Expr =>
      take(
        x,
        constant(
          Tensor.own(
            [above.length],
            "i32",
            Int32Array.from(above, (p) => p[which]),
          ),
        ),
      );
    const apart = sub(rows(0), rows(1)) as Expr;
    return linalg.vectorNorm(apart, scalarOf(arg(c, 0, "p", 2)), { axes: -1 });
  },
  renorm: (c) => {
    const [x, most] = [inputOf(c), scalarOf(arg(c, 2, "maxnorm"))];
    const axis = scalarOf(arg(c, 1, "dim"));
    const axes = x.shape.flatMap((_, i) => (i === normalAxis(axis, x.shape.length) ? [] : [i]));
    const norms = linalg.vectorNorm(x, scalarOf(arg(c, 0, "p")), { axes, keep: true });
    // PyTorch divides by a little more than the norm.
    const factor = div(most, add(norms, 1e-7) as Expr) as Expr;
    return mul(x, where(gt(norms, most), factor, 1) as Expr);
  },
  "norm.nuc": unary((x) => linalg.matrixNorm(x, "nuclear")),
};
