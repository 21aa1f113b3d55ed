import type { Expr } from "../../../src/index.ts";
import {
  abs,
  add,
  concatenate,
  cos,
  matmul,
  mul,
  neg,
  sin,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
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

const onCircle = (angle: Expr): Expr => concatenate([cos(angle), sin(angle)]);

/** The magnitudes of complex numbers. */
export const magnitudes = (x: Expr): Expr => {
  const [re, im] = parts(x);
  return sqrt(add(add(square(re), square(im)), 1e-9));
};

/** What a relation makes of a head: an answer scores by how much its vector points the same way. */
export const products = {
  /** Yang et al. (2015), arXiv:1412.6575: a relation weighs features. */
  distmult: mul,
  /** Trouillon et al. (2016), arXiv:1606.06357: the same in complex numbers, so that it need not be symmetric. */
  complex: times,
} as const;

/** How well each of all entities answers a question about a head and a relation. */
export const scores = {
  /** Bordes et al. (2013): a relation is a step. */
  transe: (head: Expr, relation: Expr, all: Expr) =>
    neg(sum(abs(sub(add(head, relation), all)), -1)),
  distmult: (head: Expr, relation: Expr, all: Expr) =>
    matmul(all, products.distmult(head, relation)),
  complex: (head: Expr, relation: Expr, all: Expr) => matmul(all, products.complex(head, relation)),
  /** Sun et al. (2019), arXiv:1902.10197: a relation turns features. */
  rotate: (head: Expr, relation: Expr, all: Expr) =>
    neg(sum(magnitudes(sub(times(head, onCircle(parts(relation)[0])), all)), -1)),
} as const;
