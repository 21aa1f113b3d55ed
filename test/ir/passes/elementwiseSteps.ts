import { filled } from "../../../src/ir/build.ts";
import type { Binary, Comparison, Unary } from "../../../src/ir/expr.ts";
import { alike, attempt, choose, dtypes, pick, type Steps, special } from "./instruction.ts";

/** Negations, which have many identities, occur twice as often. */
const unaries: readonly (keyof Unary)[] = [
  ...(["neg", "neg", "abs", "sign", "floor", "ceil", "round", "sqrt", "exp", "expm1"] as const),
  ...(["log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "tanh"] as const),
  ...(["logistic", "erf"] as const),
];
const binaries: readonly (keyof Binary)[] = [
  ...(["add", "sub", "mul", "div", "maximum", "minimum", "rem", "pow", "atan2"] as const),
];
const comparisons: readonly (keyof Comparison)[] = ["eq", "ne", "lt", "le", "gt", "ge"];

const logic = ["and", "or", "xor", "shiftLeft", "shiftRight"] as const;

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
