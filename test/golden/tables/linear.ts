import type { Expr } from "../../../src/ir/expr.ts";
import { dot, outer, matmul as product } from "../../../src/ir/ops/contraction.ts";
import { diagonal, diagonalMatrix, tril, triu } from "../../../src/ir/ops/diagonals.ts";
import { einsum } from "../../../src/ir/ops/einsum.ts";
import { add, div, mul, sqrt, sub } from "../../../src/ir/ops/elementwise.ts";
import { broadcastTo, lift } from "../../../src/ir/ops/promote.ts";
import { cross } from "../../../src/ir/ops/rearrange.ts";
import { mean, sum } from "../../../src/ir/ops/reduction.ts";
import {
  concatenate,
  expandDims,
  pad,
  reshape as reshapeTo,
  sliceAxis,
  stack,
  transpose,
} from "../../../src/ir/ops/structural.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import {
  arg,
  type Call,
  inputOf,
  notHad,
  numbersOf,
  scalarOf,
  type Table,
  tensorOf,
  tensorsOf,
} from "../torch.ts";

/** Products, and the diagonals and triangles of matrices. */

const reshape = (x: Expr, shape: Shape): Expr => reshapeTo(x, shape) as Expr;
const matmul = (x: Expr, y: Expr): Expr => product(x, y);

/** `β · input + α · f(a, b)`, as in PyTorch's fused products. */
const fused =
  (f: (a: Expr, b: Expr) => Expr) =>
  (c: Call): Expr => {
    const [alpha, beta] = [scalarOf(c.kw.alpha ?? 1), scalarOf(c.kw.beta ?? 1)];
    const made = mul(f(tensorOf(arg(c, 0, "a")), tensorOf(arg(c, 1, "b"))), alpha);
    return add(mul(inputOf(c), beta), made);
  };

/** Rows are variables: the weighted products of their deviations from the mean. */
const covariance = (c: Call): Expr => {
  const x = inputOf(c);
  if (c.kw.fweights !== null && c.kw.fweights !== undefined) return notHad("frequency weights");
  const rows = x.shape.length === 1 ? reshape(x, [1, -1]) : x;
  const n = rows.shape[1] ?? 0;
  const given = c.kw.aweights ?? null;
  const correction = scalarOf(c.kw.correction ?? 1);
  const weights = given === null ? broadcastTo(lift(1, x.dtype), [n]) : tensorOf(given);
  const total: Expr = sum(weights);
  const means = expandDims(div(sum(mul(rows, weights) as Expr, -1), total), 1);
  const centered: Expr = sub(rows, means);
  const norm =
    given === null
      ? sub(total, correction)
      : sub(total, mul(div(sum(mul(weights, weights) as Expr), total), correction));
  const made = div(matmul(mul(centered, weights) as Expr, transpose(centered)), norm as Expr);
  return x.shape.length === 1 || made.shape[0] === 1 ? reshape(made as Expr, []) : made;
};

const corrcoef = (x: Expr): Expr => {
  const rows = x.shape.length === 1 ? reshape(x, [1, -1]) : x;
  const centered: Expr = sub(rows, expandDims(mean(rows, -1), 1));
  const products = matmul(centered, transpose(centered));
  const norms = sqrt(diagonal(products, 0));
  const made = div(products, outer(norms, norms)) as Expr;
  return made.shape[0] === 1 ? reshape(made, []) : made;
};

export const linear: Table = {
  matmul: (c) => matmul(inputOf(c), tensorOf(arg(c, 0, "other"))),
  __rmatmul__: (c) => matmul(tensorOf(arg(c, 0, "other")), inputOf(c)),
  addmm: fused(matmul),
  "addmm.decomposed": fused(matmul),
  addmv: fused(matmul),
  addr: fused(outer),
  baddbmm: fused(matmul),
  addbmm: fused((a, b) => sum(matmul(a, b), 0)),
  inner: (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    return dot(x, y, [[x.shape.length - 1], [y.shape.length - 1]]);
  },
  tensordot: (c) => {
    const dims = c.kw.dims;
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    const [left, right] = Array.isArray(dims) ? dims.map(numbersOf) : notHad("a number of axes");
    return dot(x, y, [left ?? [], right ?? []]);
  },
  einsum: (c) => {
    const spec = String(c.args[0]);
    return einsum(spec, ...tensorsOf(c.input));
  },
  "linalg.multi_dot": (c) => tensorsOf(c.input).reduce((x, y) => matmul(x, y)),
  "linalg.vecdot": (c) =>
    sum(mul(inputOf(c), tensorOf(arg(c, 0, "other"))) as Expr, scalarOf(arg(c, 1, "dim", -1))),
  "linalg.cross": (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    const axis = scalarOf(arg(c, 1, "dim", -1));
    return cross(broadcastTo(x, y.shape), y, axis);
  },
  cross: (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    return cross(x, y, x.shape.indexOf(3));
  },
  "linalg.vander": (c) => {
    const x = inputOf(c).shape.length === 0 ? reshape(inputOf(c), [1]) : inputOf(c);
    const n = arg(c, 0, "N");
    const columns = n === null ? (x.shape.at(-1) ?? 0) : scalarOf(n);
    const powers = Array.from({ length: columns - 1 }).reduce<readonly Expr[]>(
      (ps) => [...ps, mul(ps.at(-1) as Expr, x)],
      [broadcastTo(lift(1, x.dtype), x.shape)],
    );
    return stack(powers, -1);
  },
  diagonal: (c) =>
    diagonal(inputOf(c), scalarOf(arg(c, 0, "offset", 0)), [
      scalarOf(c.kw.dim1 ?? 0),
      scalarOf(c.kw.dim2 ?? 1),
    ]),
  diag: (c) => {
    const [x, offset] = [inputOf(c), scalarOf(arg(c, 0, "diagonal", 0))];
    return x.shape.length === 1 ? diagonalMatrix(x, offset) : diagonal(x, offset);
  },
  diagonal_scatter: (c) => {
    const [x, offset] = [inputOf(c), scalarOf(arg(c, 1, "offset", 0))];
    const [n, m] = [x.shape[0] ?? 0, x.shape[1] ?? 0];
    // The diagonal as a matrix, cropped or padded to the shape.
    const made = diagonalMatrix(tensorOf(arg(c, 0, "src")), offset);
    const size = made.shape[0] ?? 0;
    const whole = pad(made, [
      [0, Math.max(0, n - size)],
      [0, Math.max(0, m - size)],
    ]);
    const placed = sliceAxis(sliceAxis(whole, 0, 0, n), 1, 0, m);
    return add(sub(x, sub(triu(x, offset), triu(x, offset + 1)) as Expr) as Expr, placed);
  },
  diagflat: (c) => diagonalMatrix(reshape(inputOf(c), [-1]), scalarOf(arg(c, 0, "offset", 0))),
  diag_embed: (c) => diagonalMatrix(inputOf(c), scalarOf(arg(c, 0, "offset", 0))),
  tril: (c) => tril(inputOf(c), scalarOf(arg(c, 0, "diagonal", 0))),
  triu: (c) => triu(inputOf(c), scalarOf(arg(c, 0, "diagonal", 0))),
  block_diag: (c) => {
    const xs = [inputOf(c), ...c.args.map(tensorOf)];
    const width = xs.reduce((n, x) => n + (x.shape[1] ?? 0), 0);
    const rows = xs.map((x, i) => {
      const before = xs.slice(0, i).reduce((n, y) => n + (y.shape[1] ?? 0), 0);
      return pad(x, [
        [0, 0],
        [before, width - before - (x.shape[1] ?? 0)],
      ]);
    });
    return concatenate(rows, 0);
  },
  cov: covariance,
  corrcoef: (c) => corrcoef(inputOf(c)),
  "nn.functional.linear": (c) => {
    const y = matmul(inputOf(c), transpose(tensorOf(arg(c, 0, "weight"))));
    const bias = arg(c, 1, "bias");
    return bias === null ? y : add(y, tensorOf(bias));
  },
  "nn.functional.bilinear": (c) => {
    const [x, y, w] = [inputOf(c), tensorOf(arg(c, 0, "input2")), tensorOf(arg(c, 1, "weight"))];
    const leading = x.shape.slice(0, -1);
    const rows = (v: Expr): Expr =>
      reshape(v, [leading.reduce((n, d) => n * d, 1), v.shape.at(-1) ?? 0]);
    const made = einsum("bi,oij,bj->bo", rows(x), w, rows(y));
    const bias = arg(c, 2, "bias");
    const full = reshape(made, [...leading, w.shape[0] ?? 0]);
    return bias === null ? full : add(full, tensorOf(bias));
  },
};
