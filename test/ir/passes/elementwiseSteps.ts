import { filled } from "../../../src/ir/build.ts";
import type { Binary, Bitwise, Comparison, Unary } from "../../../src/ir/expr.ts";
import { alike, attempt, choose, dtypes, pick, type Steps, special } from "./instruction.ts";

/** Repeats each name by its number. A primitive that is missing does not compile. */
const named = <P extends string>(often: { readonly [Name in P]: number }): readonly P[] =>
  (Object.keys(often) as P[]).flatMap((name) => new Array<P>(often[name]).fill(name));

/** Negations, which have many identities, occur twice as often. */
const unaries = named<keyof Unary>({
  ...{ neg: 2, abs: 1, sign: 1, floor: 1, ceil: 1, round: 1, sqrt: 1, exp: 1, expm1: 1 },
  ...{ log: 1, log1p: 1, sin: 1, cos: 1, tan: 1, asin: 1, acos: 1, atan: 1, tanh: 1 },
  ...{ logistic: 1, erf: 1 },
});
const binaries = named<keyof Binary>({
  ...{ add: 1, sub: 1, mul: 1, div: 1, maximum: 1, minimum: 1, rem: 1, pow: 1, atan2: 1 },
});
const comparisons = named<keyof Comparison>({ eq: 1, ne: 1, lt: 1, le: 1, gt: 1, ge: 1 });
const logic = named<keyof Bitwise>({ and: 1, or: 1, xor: 1, shiftLeft: 1, shiftRight: 1 });

/** Arithmetic, which has the most identities, occurs most often. */
export const elementwiseSteps: Steps = {
  unary: {
    weight: 2,
    step: (pool, { picks: [a, b] }) =>
      attempt(choose(unaries, a!), {}, [pick(pool, b!)], ["layer"]),
  },
  binary: {
    weight: 2,
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      return attempt(choose(binaries, a!), {}, [x, alike(pool, x, c!)]);
    },
  },
  binaryBySpecial: {
    weight: 4,
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      const value = filled(x.shape, x.dtype, choose(special, c!));
      return attempt(choose(binaries, a!), {}, c! % 2 === 0 ? [x, value] : [value, x]);
    },
  },
  comparison: {
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      return attempt(choose(comparisons, a!), {}, [x, alike(pool, x, c!)]);
    },
  },
  logic: {
    weight: 2,
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      return attempt(choose(logic, a!), {}, [
        x,
        c! % 2 === 0 ? alike(pool, x, c!) : filled(x.shape, x.dtype, c! % 4 === 1 ? 1 : 0),
      ]);
    },
  },
  select: {
    weight: 2,
    step: (pool, { picks: [a, b, c] }) => {
      const x = pick(pool, b!);
      const condition = pool.filter((y) => y.dtype === "bool" && y.shape.join() === x.shape.join());
      const chosen =
        condition.length === 0 ? filled(x.shape, "bool", a! % 2) : choose(condition, a!);
      return attempt("select", {}, [chosen, x, alike(pool, x, c!)]);
    },
  },
  cast: {
    step: (pool, { picks: [a, b] }) =>
      attempt("cast", { dtype: choose(dtypes, a!) }, [pick(pool, b!)]),
  },
  stopGradient: {
    step: (pool, { picks: [a] }) => attempt("stopGradient", {}, [pick(pool, a!)]),
  },
};
