import * as fc from "fast-check";
import { apply, filled, parameter } from "../../../src/ir/build.ts";
import { branch, call, loop, repeated } from "../../../src/ir/control.ts";
import type { Expr, Params, PrimitiveTag } from "../../../src/ir/expr.ts";
import { add, and, lt, maximum, minimum } from "../../../src/ir/ops/elementwise.ts";
import { sameShape, sizeOf } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { filledWith } from "./agreement.ts";

/**
 * Random programs of small integers, in every dtype. All arithmetic is exact, so wasm must give the reference's bits,
 * whatever was fused, reordered, folded into a view or written in place.
 */

/** Numbers that choose an operation, its operands and its parameters. */
type Choice = readonly number[];

/** Keeps floats small enough to be exact. */
const bounded = (x: Expr): Expr =>
  x.dtype === "f32" || x.dtype === "f64" ? (minimum(maximum(x, -9), 9) as Expr) : x;

const isNumeric = (x: Expr): boolean => x.dtype === "f32" || x.dtype === "f64" || x.dtype === "i32";

/** The expressions that one choice adds to the known ones. */
const grow = (known: readonly Expr[], choice: Choice, depth: number): readonly Expr[] => {
  const [op = 0, i = 0, j = 0, k = 0, l = 0] = choice;
  const x = known[i % known.length] as Expr;
  const alike = known.filter((y) => y.dtype === x.dtype && sameShape(y.shape, x.shape));
  const y = alike[j % alike.length] as Expr;
  const rank = x.shape.length;
  const axis = rank === 0 ? 0 : k % rank;
  const node = <P extends PrimitiveTag>(p: P, params: Params<P>, ...xs: readonly Expr[]) =>
    apply(p, params, xs);
  const per = (f: (a: number) => number) => x.shape.map((_, a) => f(a));
  const pick = <A>(xs: readonly A[], n: number): A => xs[n % xs.length] as A;
  switch (op % 23) {
    case 0: {
      if (x.dtype === "u8") return node("lt", {}, x, y);
      if (x.dtype === "bool") return node(pick(["and", "or", "xor"] as const, k), {}, x, y);
      return node(
        pick(["add", "sub", "mul", "rem", "maximum", "minimum"] as const, k),
        {},
        x,
        y,
      ).map(bounded);
    }
    case 1:
      return isNumeric(x) ? node(pick(["neg", "abs", "sign"] as const, k), {}, x) : [];
    case 2:
      return node(pick(["eq", "ne", "lt", "le", "gt", "ge"] as const, k), {}, x, y);
    case 3: {
      const masks = known.filter((m) => m.dtype === "bool" && sameShape(m.shape, x.shape));
      return masks.length === 0 ? [] : node("select", {}, pick(masks, k), x, y);
    }
    case 4:
      return node("cast", { dtype: pick(["f32", "f64", "i32", "u8", "bool"] as const, k) }, x).map(
        bounded,
      );
    case 5: {
      const size = sizeOf(x.shape);
      const divisors = Array.from({ length: size }, (_, d) => d + 1).filter((d) => size % d === 0);
      const d = pick(divisors, k);
      return size === 0
        ? []
        : node("reshape", { shape: l % 2 ? [d, size / d] : [d, 1, size / d] }, x);
    }
    case 6: {
      const permutation = per((a) => (a + k) % Math.max(rank, 1));
      return node("transpose", { permutation: l % 2 ? permutation : permutation.toReversed() }, x);
    }
    case 7: {
      const at = k % (rank + 1);
      const shape = [...x.shape.slice(0, at), 1 + (l % 5), ...x.shape.slice(at)];
      return rank > 3 || sizeOf(shape) > 400
        ? []
        : node("broadcast", { shape, axes: per((a) => (a < at ? a : a + 1)) }, x);
    }
    case 8:
      return node(
        "slice",
        {
          start: per((a) => (x.shape[a] as number) && k % (x.shape[a] as number)),
          limit: x.shape,
          stride: per((a) => 1 + ((l + a) % 2)),
        },
        x,
      );
    case 9:
      return node("reverse", { axes: per((a) => a).filter((a) => (k >> a) % 2 === 1) }, x);
    case 10:
      return sizeOf(x.shape) > 200
        ? []
        : node(
            "pad",
            {
              low: per((a) => (k + a) % 2),
              high: per((a) => (l + a) % 3),
              interior: per(() => (k + l) % 2),
              value: k % 2,
            },
            x,
          );
    case 11:
      return rank === 0 || sizeOf(x.shape) > 200 ? [] : node("concatenate", { axis }, x, y);
    case 12: {
      const axes = per((a) => a).filter((a) => (k >> a) % 2 === 1);
      return isNumeric(x)
        ? node("reduce", { kind: pick(["sum", "max", "min"] as const, l), axes }, x).map(bounded)
        : [];
    }
    case 13:
      return rank === 0 || x.shape[axis] === 0
        ? []
        : node("argReduce", { kind: l % 2 ? "max" : "min", axis }, x);
    case 14:
      return rank === 0 || !isNumeric(x)
        ? []
        : node("cumsum", { axis, reverse: l % 2 === 1 }, x).map(bounded);
    case 15:
      return rank === 0 ? [] : node("sort", { axis }, x);
    case 16: {
      const indices = known.filter((m) => m.dtype === "i32" && sizeOf(m.shape) < 30);
      const at = pick(indices, l);
      if (rank === 0 || at === undefined || rank + at.shape.length > 5) return [];
      const [taken] = node("gather", { axis, batch: 0 }, x, at) as [Expr];
      const added = isNumeric(x) ? node("scatterAdd", { axis, batch: 0 }, x, at, taken) : [];
      return [taken, ...added.map(bounded)];
    }
    case 17: {
      if (!isNumeric(x) || rank === 0) return [];
      const other = known.filter(
        (m) => m.dtype === x.dtype && m.shape.some((d) => d === x.shape[axis]),
      );
      const z = pick(other, j);
      const along = z.shape.indexOf(x.shape[axis] as number);
      const params = { contract: [[axis], [along]], batch: [[], []] } as const;
      return rank + z.shape.length > 5 || sizeOf(x.shape) * sizeOf(z.shape) > 4000
        ? []
        : node("dot", params, x, z).map(bounded);
    }
    case 18: {
      if (depth === 0 || rank === 0 || x.shape[0] === 0 || !isNumeric(x)) return [];
      const start = filled(x.shape.slice(1), x.dtype, k % 4);
      const made = loop(
        { carry: [start, start], xs: [x], length: x.shape[0] as number, reverse: l % 2 === 1 },
        ([a, b], [s]) => {
          const inside = [a, b, s, ...known.slice(0, 2)] as readonly Expr[];
          const grown = [choice.slice(1), choice.slice(2)].reduce(
            (xs, c) => [...xs, ...grow(xs, c, depth - 1)],
            inside,
          );
          const next = grown.findLast(
            (e) => e.dtype === x.dtype && sameShape(e.shape, start.shape),
          ) as Expr;
          return {
            carry: [bounded(add(b as Expr, s as Expr) as Expr), next],
            ys: [grown.at(-1) as Expr],
          };
        },
      );
      return [...made.carry, ...made.ys];
    }
    case 19: {
      const flags = known.filter((m) => m.dtype === "bool" && m.shape.length === 0);
      if (depth === 0 || flags.length === 0) return [];
      const inside = (c: Choice) => (xs: readonly Expr[]) => {
        const grown = [...xs, ...grow(xs, c, depth - 1)];
        return [
          grown.findLast((e) => e.dtype === x.dtype && sameShape(e.shape, x.shape)) as Expr,
          xs[1] as Expr,
        ];
      };
      return branch(pick(flags, k), [x, y], inside(choice.slice(1)), inside(choice.slice(2)));
    }
    case 20:
      return depth === 0
        ? []
        : call("again", { kind: "checkpoint" }, [x, y], (xs) => [
            ...xs,
            ...grow(xs, choice.slice(1), depth - 1),
          ]);
    case 21: {
      const flags = known.filter((m) => m.dtype === "bool" && m.shape.length === 0);
      if (depth === 0 || flags.length === 0) return [];
      const zero = filled([], "i32", 0);
      return repeated(
        [pick(flags, k), zero, x, y],
        j % 2 === 0 ? undefined : 1 + (j % 4),
        ([, n, a, b]) => {
          const inside = [a, b, ...known.slice(0, 2)] as readonly Expr[];
          const grown = [choice.slice(1), choice.slice(2)].reduce(
            (xs, c) => [...xs, ...grow(xs, c, depth - 1)],
            inside,
          );
          const like = (e: Expr) => e.dtype === x.dtype && sameShape(e.shape, x.shape);
          const some = grown.filter((e) => e.dtype === "bool" && e.shape.length === 0);
          const goesOn = lt(n as Expr, filled([], "i32", l % 5)) as Expr;
          return [
            k % 2 === 0 || some.length === 0 ? goesOn : and(goesOn, some.at(-1) as Expr),
            add(n as Expr, 1),
            grown.findLast(like) as Expr,
            a as Expr,
          ] as readonly Expr[];
        },
      ).slice(1);
    }
    default:
      return node("iota", {
        shape: [...x.shape.slice(0, 2), 3],
        dtype: pick(["f32", "i32", "u8", "bool", "f64"] as const, k),
        axis: l % (Math.min(rank, 2) + 1),
      });
  }
};

export const types = [
  { shape: [4, 5], dtype: "f32" },
  { shape: [4, 5], dtype: "i32" },
  { shape: [17], dtype: "f32" },
  { shape: [5], dtype: "i32" },
  { shape: [], dtype: "bool" },
  { shape: [3, 4], dtype: "f64" },
  { shape: [4, 5], dtype: "u8" },
  { shape: [6, 18], dtype: "f32" },
] as const;

export const choices = fc.array(fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 }), {
  minLength: 1,
  maxLength: 24,
});

export const inputsFor = (seed: number): readonly Tensor[] =>
  types.map(({ shape, dtype }, n) =>
    filledWith(shape, dtype, (i) => {
      const v = ((i + 1) * (seed + 7) * (n + 3)) % 7;
      return dtype === "bool" ? v % 2 : dtype === "u8" ? v : v - 3;
    }),
  );

/** All values of a random program: its inputs first, then the values that each choice adds. */
export const knownOf = (recipe: readonly Choice[]): readonly Expr[] =>
  recipe.reduce<readonly Expr[]>((xs, c) => [...xs, ...grow(xs, c, 2)], types.map(parameter));
