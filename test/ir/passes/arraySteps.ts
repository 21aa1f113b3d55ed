import { constant } from "../../../src/ir/build.ts";
import type { Expr, Windowing } from "../../../src/ir/expr.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { alike, attempt, choose, pick, type Steps, special } from "./instruction.ts";

const kinds = ["sum", "prod", "max", "min"] as const;

const permutationOf = (rank: number, n: number): readonly number[] => {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return axes.toSorted((i, j) => ((i * 7 + n) % 5) - ((j * 7 + n) % 5) || i - j);
};

/** Windows of one or two elements along one axis. */
const slide = (shape: readonly number[], a: number, c: number): Windowing => ({
  axes: shape.length === 0 ? [] : [a % shape.length],
  size: shape.length === 0 ? [] : [1 + (c % 2)],
  stride: shape.length === 0 ? [] : [1 + (a % 2)],
  dilation: shape.length === 0 ? [] : [1 + (c % 3)],
});

/** Rearrangements, reductions, contractions, accesses by index, and sources. */
export const arraySteps: Steps = {
  transpose: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      return attempt("transpose", { permutation: permutationOf(x.shape.length, a!) }, [x]);
    },
  },
  reshape: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      const shapes = [
        [x.shape.reduce((n, d) => n * d, 1)],
        [1, ...x.shape],
        x.shape.toReversed(),
        x.shape.filter((d) => d !== 1),
      ];
      return attempt("reshape", { shape: choose(shapes, a!) }, [x]);
    },
  },
  broadcast: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      const at = a! % (x.shape.length + 1);
      const shape = [...x.shape.slice(0, at), 1 + (a! % 3), ...x.shape.slice(at)];
      return attempt("broadcast", { shape, axes: x.shape.map((_, i) => (i < at ? i : i + 1)) }, [
        x,
      ]);
    },
  },
  slice: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      const start = x.shape.map((d) => a! % (d + 1));
      const limit = x.shape.map((d, i) => Math.max(start[i] as number, d - (c! % 3)));
      return attempt(
        "slice",
        { start, limit, stride: x.shape.map((_, i) => 1 + ((a! + i + c!) % 2)) },
        [x],
      );
    },
  },
  pad: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      const widths = (n: number) => x.shape.map((_, i) => (n + i) % 2);
      const value = choose(special, c!);
      return attempt(
        "pad",
        {
          low: widths(a!),
          high: widths(c!),
          interior: x.shape.map(() => (a! % 3 === 0 ? 1 : 0)),
          value,
        },
        [x],
      );
    },
  },
  concatenate: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      return attempt("concatenate", { axis: a! % Math.max(1, x.shape.length) }, [
        x,
        alike(pool, x, c!),
      ]);
    },
  },
  reverse: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      return attempt(
        "reverse",
        { axes: x.shape.flatMap((_, i) => ((a! >> i) % 2 === 1 ? [i] : [])) },
        [x],
      );
    },
  },
  reduce: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      return attempt(
        "reduce",
        {
          kind: choose(kinds, a!),
          axes: x.shape.flatMap((_, i) => ((c! >> i) % 2 === 1 ? [i] : [])),
        },
        [x],
      );
    },
  },
  cumsum: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      return attempt("cumsum", { axis: a! % Math.max(1, x.shape.length), reverse: a! % 2 === 0 }, [
        x,
      ]);
    },
  },
  sort: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      return attempt("sort", { axis: a! % Math.max(1, x.shape.length) }, [x]);
    },
  },
  argReduce: {
    step: (pool, { picks: [a, b] }) => {
      const x = pick(pool, b!);
      return attempt(
        "argReduce",
        { kind: a! % 2 === 0 ? "max" : "min", axis: a! % Math.max(1, x.shape.length) },
        [x],
      );
    },
  },
  dot: {
    step: (pool, { picks: [a, b, c] }) => {
      const [x, y] = [pick(pool, a!), pick(pool, b!)];
      const pairs = x.shape.flatMap((d, i) =>
        y.shape.flatMap((e, j) => (d === e ? [[i, j] as const] : [])),
      );
      const pair = pairs.length === 0 ? undefined : choose(pairs, c!);
      return pair === undefined
        ? []
        : attempt("dot", { batch: [[], []], contract: [[pair[0]], [pair[1]]] }, [x, y]);
    },
  },
  gather: {
    step: (pool, { picks: [a, b, c] }) => {
      const indices = pool.filter((y) => y.dtype === "i32");
      const x = pick(pool, b!);
      return indices.length === 0
        ? []
        : attempt("gather", { axis: a! % Math.max(1, x.shape.length), batch: 0 }, [
            x,
            choose(indices, c!),
          ]);
    },
  },
  scatterAdd: {
    step: (pool, { picks: [a, b, c] }) => {
      const indices = pool.filter((y) => y.dtype === "i32");
      const x = pick(pool, b!);
      const params = { axis: a! % Math.max(1, x.shape.length), batch: 0 };
      if (indices.length === 0) return [];
      const at = choose(indices, c!);
      const read = attempt("gather", params, [x, at]);
      return read.length === 0 ? [] : attempt("scatterAdd", params, [x, at, read[0] as Expr]);
    },
  },
  window: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      return attempt("window", slide(x.shape, a!, c!), [x]);
    },
  },
  overlapAdd: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      const windows = slide(x.shape, a!, c!);
      const extent = windows.axes.map((axis) => x.shape[axis] as number);
      const read = attempt("window", windows, [x]);
      return read.length === 0 ? [] : attempt("overlapAdd", { ...windows, extent }, read);
    },
  },
  randomBits: {
    step: (_, { picks: [a, b] }) => {
      const key = constant(Tensor.own([2], "i32", Int32Array.of(a!, b!)));
      return attempt("randomBits", { shape: [3] }, [key]);
    },
  },
  iota: {
    step: (_, { picks: [a, b] }) =>
      attempt(
        "iota",
        { shape: [2, 3], dtype: choose(["i32", "f32", "f64"] as const, a!), axis: b! % 2 },
        [],
      ),
  },
  constant: {
    step: (_, { picks: [a, b] }) => [
      constant(
        Tensor.own([3], "f32", Float32Array.of(choose(special, a!), choose(special, b!), 2)),
      ),
    ],
  },
};
