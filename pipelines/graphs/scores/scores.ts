import type { Expr } from "../../../src/index.ts";
import {
  abs,
  add,
  concatenate,
  cos,
  expandDims,
  matmul,
  mul,
  neg,
  sin,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
  transpose,
} from "../../../src/ir/index.ts";

/** The real parts of complex numbers, which are the first half of a vector, and the imaginary parts. */
const parts = (x: Expr): readonly [Expr, Expr] => {
  const width = x.shape.at(-1) ?? 0;
  return [sliceAxis(x, -1, 0, width / 2), sliceAxis(x, -1, width / 2, width)];
};

/** The products of complex numbers. */
const times = (x: Expr, y: Expr): Expr => {
  const [[a, b], [c, d]] = [parts(x), parts(y)];
  return concatenate([sub(mul(a, c), mul(b, d)), add(mul(a, d), mul(b, c))], -1);
};

const onCircle = (angle: Expr): Expr => concatenate([cos(angle), sin(angle)], -1);

/** The magnitudes of complex numbers. */
export const magnitudes = (x: Expr): Expr => {
  const [re, im] = parts(x);
  return sqrt(add(add(square(re), square(im)), 1e-9));
};

/** What a relation makes of a head: a vector that those of its answers are like. */
export const made = {
  /** Bordes et al. (2013): a relation is a step. */
  transe: add,
  /** Yang et al. (2015), arXiv:1412.6575: a relation weighs features. */
  distmult: mul,
  /** Trouillon et al. (2016), arXiv:1606.06357: the same in complex numbers, so that it need not be symmetric. */
  complex: times,
  /** Sun et al. (2019), arXiv:1902.10197: a relation turns features, by the angles in the first half of its vector. */
  rotate: (head: Expr, relation: Expr) => times(head, onCircle(parts(relation)[0])),
} as const;

/** How well each of all entities answers a question about a head and a relation. */
export const scores = {
  transe: (head: Expr, relation: Expr, all: Expr) =>
    neg(sum(abs(sub(made.transe(head, relation), all)), -1)),
  distmult: (head: Expr, relation: Expr, all: Expr) => matmul(all, made.distmult(head, relation)),
  complex: (head: Expr, relation: Expr, all: Expr) => matmul(all, made.complex(head, relation)),
  rotate: (head: Expr, relation: Expr, all: Expr) =>
    neg(sum(magnitudes(sub(made.rotate(head, relation), all)), -1)),
} as const;

/** How like vectors are: each to its own, `[n, width]` and `[n, width]`, or each to all of others, as a product of matrices. */
export interface Likeness {
  readonly own: (of: Expr, other: Expr) => Expr;
  readonly all: (of: Expr, others: Expr) => Expr;
}

const squares = (x: Expr): Expr => sum(square(x), -1);

/** How much vectors point the same way. */
const pointing: Likeness = {
  own: (of, other) => sum(mul(of, other), -1),
  all: (of, others) => matmul(of, transpose(others)),
};

/** Minus the square of the distance: |a - b|² = |a|² + |b|² - 2ab. */
const near: Likeness = {
  own: (of, other) => neg(squares(sub(of, other))),
  all: (of, others) =>
    sub(mul(2, pointing.all(of, others)), add(expandDims(squares(of), 1), squares(others))),
};

/** How like answers are to what a relation makes of a head. */
export const likeness = {
  transe: near,
  distmult: pointing,
  complex: pointing,
  rotate: near,
} as const satisfies { readonly [score in keyof typeof made]: Likeness };
