import { apply, parameter } from "../ir/build.ts";
import type { Expr, Params, Reduction } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { div, eq, mul } from "../ir/ops/elementwise.ts";
import { takeAlongAxis } from "../ir/ops/indexing.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { argsort, cumsum, keepDims, sum } from "../ir/ops/reduction.ts";
import { concatenate, reshape, sliceAxis, transpose } from "../ir/ops/structural.ts";
import { program } from "../ir/program.ts";
import { nth } from "../tensor/list.ts";
import { flat, shifted } from "./make.ts";
import type { BatchRules, JvpRules, Maybe, VjpRules } from "./rule.ts";

type Reduce = Params<"reduce">;

/** How tied maxima share a derivative: 1 / (number of maxima) at each maximum, and 0 elsewhere. */
const shares = (x: Expr, y: Expr, axes: readonly number[]): Expr => {
  const winners = cast(eq(x, broadcastTo(keepDims(y, x, axes), x.shape)), x.dtype);
  return div(winners, broadcastTo(keepDims(sum(winners, axes), x, axes), x.shape));
};

/** A product as a tree of multiplications, so that its derivative is exact if factors are zero. */
const productTree = (x: Expr, axes: readonly number[]): Expr => {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const shape = kept.map((i) => nth(x.shape, i));
  const halve = (factors: Expr): Expr => {
    const n = nth(factors.shape, 0);
    if (n <= 1) return factors;
    const half = Math.floor(n / 2);
    const pairs = mul(sliceAxis(factors, 0, 0, half), sliceAxis(factors, 0, half, 2 * half));
    return halve(n % 2 === 0 ? pairs : concatenate([pairs, sliceAxis(factors, 0, n - 1, n)]));
  };
  const factors: Expr = reshape(transpose(x, [...axes, ...kept]), [-1, ...shape]);
  return reshape(halve(factors), shape);
};

const productProgram = ({ axes }: Reduce, x: Expr) => {
  const input = parameter(x);
  return program([input], [productTree(input, axes)]);
};

const spreadBack = (ct: Expr, x: Expr, axes: readonly number[]): Expr =>
  broadcastTo(keepDims(ct, x, axes), x.shape);

export const jvp: JvpRules<keyof Reduction> = {
  reduce: (params, primals, [t], derive) => {
    const [x] = primals;
    const outputs = apply("reduce", params, primals);
    const [y] = outputs;
    const tangent = (): Maybe => {
      if (t === undefined) return undefined;
      switch (params.kind) {
        case "sum":
          return sum(t, params.axes);
        case "prod":
          return x.shape.includes(0)
            ? undefined
            : derive.jvp(productProgram(params, x), [x], [t]).tangents[0];
        case "max":
        case "min":
          return sum(mul(t, shares(x, y, params.axes)), params.axes);
      }
    };
    return { outputs, tangents: [tangent()] };
  },
  argReduce: flat("argReduce"),
  cumsum: (params, primals, [t]) => ({
    outputs: apply("cumsum", params, primals),
    tangents: [t && cumsum(t, params.axis, params.reverse)],
  }),
  sort: (params, primals, [t]) => {
    const outputs = apply("sort", params, primals);
    return {
      outputs,
      tangents: [t && takeAlongAxis(t, outputs[1], params.axis), undefined],
    };
  },
};

export const vjp: VjpRules<keyof Reduction> = {
  reduce: (params, primals, _, derive) => {
    const [x] = primals;
    const outputs = apply("reduce", params, primals);
    const [y] = outputs;
    const pull = (ct: Expr): Maybe => {
      switch (params.kind) {
        case "sum":
          return spreadBack(ct, x, params.axes);
        case "prod":
          return x.shape.includes(0)
            ? undefined
            : derive.vjp(productProgram(params, x), [x], [true]).pullback([ct])[0];
        case "max":
        case "min": {
          const winners = cast(eq(x, spreadBack(y, x, params.axes)), x.dtype);
          return mul(winners, spreadBack(div(ct, sum(winners, params.axes)), x, params.axes));
        }
      }
    };
    return { outputs, pullback: ([ct]) => [ct && pull(ct)] };
  },
  argReduce: flat("argReduce"),
  cumsum: (params, primals) => ({
    outputs: apply("cumsum", params, primals),
    pullback: ([ct]) => [ct && cumsum(ct, params.axis, !params.reverse)],
  }),
  sort: (params, primals) => {
    const outputs = apply("sort", params, primals);
    // Sorting a permutation gives its inverse.
    const inverse = argsort(outputs[1], params.axis);
    return { outputs, pullback: ([ct]) => [ct && takeAlongAxis(ct, inverse, params.axis)] };
  },
};

export const batch: BatchRules<keyof Reduction> = {
  reduce: shifted("reduce", ({ kind, axes }) => ({ kind, axes: axes.map((a) => a + 1) })),
  argReduce: shifted("argReduce", ({ kind, axis }) => ({ kind, axis: axis + 1 })),
  cumsum: shifted("cumsum", ({ axis, reverse }) => ({ axis: axis + 1, reverse })),
  sort: shifted("sort", ({ axis }) => ({ axis: axis + 1 })),
};
