import { run } from "../../src/interpreter/evaluate.ts";
import { type Interpreter, interpret } from "../../src/interpreter/interpreter.ts";
import type { AnyNode, Params, PrimitiveTag, Program } from "../../src/ir/expr.ts";
import { evaluateRules } from "../../src/rules/evaluate/index.ts";
import type { EvaluateRule, Run } from "../../src/rules/rule.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { greatestOf } from "../../src/tensor/extremes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { tensorOf } from "../domain.ts";
import { bounded } from "./compare.ts";

/**
 * The number of units in the last place by which results are moved.
 *
 * To bound a program's rounding error, the law runs it several times with the result of every rounding node, and every
 * term of every sum, moved up or down at random. The spread of the outputs covers the results of any other order of the
 * same arithmetic.
 *
 * **Source** Vignes, "A stochastic arithmetic for reliable scientific computation" (1993).
 */
const ulps = 8;
const experiments = 8;

// A half is rounded from f32, whose few units move it by one of its own at most.
const epsilon = {
  ...{ f32: 2 ** -23, f64: 2 ** -52 },
  ...{ f16: 2 ** -10 / ulps, bf16: 2 ** -7 / ulps },
} as const;

/**
 * Signs at random, the same for the same seed: bits of a counter's hash.
 *
 * **Source** Appleby, MurmurHash3's finalizer.
 */
export const signs = (seed: number): (() => number) => {
  let counter = Math.imul(seed, 0x9e3779b9);
  return () => {
    counter = (counter + 1) | 0;
    let bits = counter;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) & 1) === 0 ? 1 : -1;
  };
};

/** The movement relative to a value: a few units in the last place. */
export const unitOf = ({ dtype }: Tensor): number => (isFloat(dtype) ? ulps * epsilon[dtype] : 0);

/** The distance between neighboring subnormal numbers: their rounding error, whatever their size. */
const spacing = {
  ...{ f32: 2 ** -149, f64: 2 ** -1074 },
  ...{ f16: 2 ** -24 / ulps, bf16: 2 ** -133 / ulps },
} as const;
const normal = { f32: 2 ** -126, f64: 2 ** -1022, f16: 2 ** -14, bf16: 2 ** -126 } as const;

/** The absolute part of a number's rounding error, which matters only for tiny numbers. */
export const leastUnitOf = ({ dtype }: Tensor): number =>
  isFloat(dtype) ? ulps * spacing[dtype] : 0;

const nudged = (x: Tensor, sign: () => number): Tensor => {
  if (!isFloat(x.dtype)) return x;
  const [unit, least, edge] = [unitOf(x), leastUnitOf(x), normal[x.dtype]];
  return tensorOf(
    x.shape,
    x.dtype,
    Array.from(x.toTypedArray(), (value) => {
      const up = sign();
      const tiny = value !== 0 && Math.abs(value) < edge;
      return value * (1 + up * unit) + (tiny ? up * least : 0);
    }),
  );
};

// A node's params belong to its own primitive, which an indexed mapped type does not express.
export const ruleOf = (node: AnyNode) =>
  evaluateRules[node.primitive] as EvaluateRule<PrimitiveTag>;

/** How a node rounds: not at all, once, or at each term of a sum or product. */
type Rounding = "none" | "once" | "terms";

/** How each primitive rounds: one that returns elements of operands, integers or booleans does not. */
const roundings: { readonly [P in PrimitiveTag]: Rounding | ((params: Params<P>) => Rounding) } = {
  neg: "none",
  abs: "none",
  sign: "none",
  floor: "none",
  ceil: "none",
  round: "none",
  sqrt: "once",
  exp: "once",
  expm1: "once",
  log: "once",
  log1p: "once",
  sin: "once",
  cos: "once",
  tan: "once",
  asin: "once",
  acos: "once",
  atan: "once",
  tanh: "once",
  logistic: "once",
  erf: "once",
  add: "once",
  sub: "once",
  mul: "once",
  div: "once",
  rem: "none",
  pow: "once",
  maximum: "none",
  minimum: "none",
  atan2: "once",
  and: "none",
  or: "none",
  xor: "none",
  shiftLeft: "none",
  shiftRight: "none",
  eq: "none",
  ne: "none",
  lt: "none",
  le: "none",
  gt: "none",
  ge: "none",
  select: "none",
  cast: "once",
  reduce: ({ kind }) => (kind === "max" || kind === "min" ? "none" : "terms"),
  argReduce: "none",
  cumsum: "terms",
  sort: "none",
  reshape: "none",
  transpose: "none",
  broadcast: "none",
  slice: "none",
  pad: "none",
  concatenate: "none",
  reverse: "none",
  window: "none",
  overlapAdd: "terms",
  gather: "none",
  scatterAdd: "terms",
  dot: "terms",
  constant: "none",
  parameter: "none",
  iota: "none",
  randomBits: "none",
  stopGradient: "none",
  axisSum: "terms",
  // Their inner programs round for themselves.
  cond: "none",
  scan: "none",
  while: "none",
  call: "none",
};

export const rounding = (node: AnyNode): Rounding => {
  const own = roundings[node.primitive] as Rounding | ((params: AnyNode["params"]) => Rounding);
  return typeof own === "string" ? own : own(node.params);
};

/** Runs a program with every rounding result moved. It calls `seen` for each node first, with its operands. */
export const perturbed = (
  sign: () => number,
  seen: (node: AnyNode, inputs: readonly Tensor[]) => void = () => undefined,
): Run => {
  const over: Interpreter<Tensor> = {
    typeOf: (x) => ({ shape: x.shape, dtype: x.dtype }),
    apply: (node, inputs) => {
      seen(node, inputs);
      const kind = rounding(node);
      const terms = kind === "terms" ? inputs.map((x) => nudged(x, sign)) : inputs;
      const outputs = ruleOf(node)(node.params, terms, inner);
      return kind === "none" ? outputs : outputs.map((y) => nudged(y, sign));
    },
  };
  const inner: Run = (program, inputs) => interpret(program, over, inputs);
  return inner;
};

/** Whether a backend's outputs equal the program's value up to rounding. */
export const within =
  (program: Program) =>
  (inputs: readonly Tensor[], computed: readonly Tensor[]): string | undefined => {
    const exact = run(program, inputs);
    const others = Array.from({ length: experiments }, (_, k) =>
      perturbed(signs(k + 1))(program, inputs).map((y) => y.toTypedArray()),
    );
    const bounds = exact.map((y, n) =>
      Array.from(y.toTypedArray(), (value, i) => {
        const spread = others.map((run) => Math.abs((run[n]?.[i] as number) - value));
        const widest = Math.max(greatestOf(spread), unitOf(y) * Math.abs(value));
        // At a jump, where one unit in the last place decides, any result is right.
        return Number.isNaN(widest) ? Number.POSITIVE_INFINITY : widest;
      }),
    );
    return bounded(bounds)("output", computed, exact);
  };
