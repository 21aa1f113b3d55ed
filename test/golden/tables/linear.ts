import type { Expr } from "../../../src/ir/expr.ts";
import { cast, where } from "../../../src/ir/ops/control.ts";
import { add, div, eq, ge, mul, sqrt, sub } from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexed.ts";
import { dot, einsum, outer, matmul as product } from "../../../src/ir/ops/linear.ts";
import { broadcastTo, lift } from "../../../src/ir/ops/operand.ts";
import { mean, sum } from "../../../src/ir/ops/reduction.ts";
import {
  concatenate,
  expandDims,
  index,
  moveAxis,
  pad,
  reshape as reshapeTo,
  sliceAxis,
  stack,
  transpose,
} from "../../../src/ir/ops/structural.ts";
import { normalAxis, type Shape } from "../../../src/tensor/shape.ts";
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

/** `β · input + α · f(a, b)`, as PyTorch's fused products have it. */
const fused =
  (f: (a: Expr, b: Expr) => Expr) =>
  (c: Call): Expr => {
    const [alpha, beta] = [scalarOf(c.kw.alpha ?? 1), scalarOf(c.kw.beta ?? 1)];
    const made = mul(f(tensorOf(arg(c, 0, "a")), tensorOf(arg(c, 1, "b"))), alpha);
    return add(mul(inputOf(c), beta), made);
  };

/** The matrix `[n, m]` that has ones where column - row = offset. */
const shifted = (n: number, m: number, offset: number, dtype: Expr["dtype"]): Expr => {
  const difference: Expr = sub(iota([n, m], 1), iota([n, m], 0));
  return cast(eq(difference, offset) as Expr, dtype);
};

const lengthOf = (n: number, m: number, offset: number): number =>
  Math.max(0, offset >= 0 ? Math.min(n, m - offset) : Math.min(n + offset, m));

/** The diagonal of the last two axes: what a mask leaves of each row, summed, and the rows that have one. */
const diagonalOf = (x: Expr, offset: number): Expr => {
  const [n, m] = [x.shape.at(-2) ?? 0, x.shape.at(-1) ?? 0];
  const kept: Expr = where(eq(shifted(n, m, offset, "i32"), 1), x, 0);
  const rows: Expr = sum(kept, -1);
  const first = Math.max(0, -offset);
  return sliceAxis(rows, -1, first, first + lengthOf(n, m, offset));
};

/** A matrix with the last axis along a diagonal. */
const diagonalFrom = (x: Expr, offset: number): Expr => {
  const n = (x.shape.at(-1) ?? 0) + Math.abs(offset);
  const widths = x.shape.map((_, i) =>
    i === x.shape.length - 1
      ? ([Math.max(0, -offset), Math.max(0, offset)] as const)
      : ([0, 0] as const),
  );
  const rows = expandDims(pad(x, widths), -1);
  return where(
    eq(shifted(n, n, offset, "i32"), 1),
    broadcastTo(rows, [...rows.shape.slice(0, -1), n]),
    0,
  ) as Expr;
};

const triangle =
  (keeps: (difference: Expr, offset: number) => Expr) =>
  (c: Call): Expr => {
    const [x, offset] = [inputOf(c), scalarOf(arg(c, 0, "diagonal", 0))];
    const [n, m] = [x.shape.at(-2) ?? 0, x.shape.at(-1) ?? 0];
    const difference: Expr = sub(iota([n, m], 1), iota([n, m], 0));
    return where(broadcastTo(keeps(difference, offset), x.shape), x, 0) as Expr;
  };

const crossed = (x: Expr, y: Expr, axis: number): Expr => {
  const [a, b] = [moveAxis(x, axis, 0), moveAxis(y, axis, 0)];
  const part = (i: number, j: number): Expr =>
    sub(mul(index(a, i), index(b, j)) as Expr, mul(index(a, j), index(b, i)) as Expr);
  return moveAxis(stack([part(1, 2), part(2, 0), part(0, 1)]), 0, axis);
};

/** Rows are variables: their products about the means, weighted. */
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
  const centred: Expr = sub(rows, means);
  const norm =
    given === null
      ? sub(total, correction)
      : sub(total, mul(div(sum(mul(weights, weights) as Expr), total), correction));
  const made = div(matmul(mul(centred, weights) as Expr, transpose(centred)), norm as Expr);
  return x.shape.length === 1 || made.shape[0] === 1 ? reshape(made as Expr, []) : made;
};

const corrcoef = (x: Expr): Expr => {
  const rows = x.shape.length === 1 ? reshape(x, [1, -1]) : x;
  const centred: Expr = sub(rows, expandDims(mean(rows, -1), 1));
  const products = matmul(centred, transpose(centred));
  const norms = sqrt(diagonalOf(products, 0));
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
    if (spec.includes(".")) return notHad("an ellipsis");
    const [left = ""] = spec.split("->");
    if (left.split(",").some((t) => new Set(t.trim()).size !== t.trim().length))
      return notHad("a letter twice in one operand");
    return einsum(spec, ...tensorsOf(c.input));
  },
  "linalg.multi_dot": (c) => tensorsOf(c.input).reduce((x, y) => matmul(x, y)),
  "linalg.vecdot": (c) =>
    sum(mul(inputOf(c), tensorOf(arg(c, 0, "other"))) as Expr, scalarOf(arg(c, 1, "dim", -1))),
  "linalg.cross": (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    const axis = scalarOf(arg(c, 1, "dim", -1));
    return crossed(broadcastTo(x, y.shape), y, axis);
  },
  cross: (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    return crossed(x, y, x.shape.indexOf(3));
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
  diagonal: (c) => {
    const x = inputOf(c);
    const [a, b] = [c.kw.dim1 ?? 0, c.kw.dim2 ?? 1].map((d) =>
      normalAxis(scalarOf(d), x.shape.length),
    );
    const rest = x.shape.map((_, i) => i).filter((i) => i !== a && i !== b);
    return diagonalOf(transpose(x, [...rest, a ?? 0, b ?? 1]), scalarOf(arg(c, 0, "offset", 0)));
  },
  diag: (c) => {
    const [x, offset] = [inputOf(c), scalarOf(arg(c, 0, "diagonal", 0))];
    return x.shape.length === 1 ? diagonalFrom(x, offset) : diagonalOf(x, offset);
  },
  diagflat: (c) => diagonalFrom(reshape(inputOf(c), [-1]), scalarOf(arg(c, 0, "offset", 0))),
  diag_embed: (c) => diagonalFrom(inputOf(c), scalarOf(arg(c, 0, "offset", 0))),
  tril: triangle((d, offset) => ge(offset, d)),
  triu: triangle((d, offset) => ge(d, offset)),
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
  cartesian_prod: (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "other"))];
    const shape = [x.shape[0] ?? 0, y.shape[0] ?? 0];
    const columns = [broadcastTo(expandDims(x, 1), shape), broadcastTo(expandDims(y, 0), shape)];
    return stack(
      columns.map((v) => reshape(v, [-1])),
      1,
    );
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
