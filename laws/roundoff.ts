import { run } from "../src/interpreter/evaluate.ts";
import { type Interpreter, interpret } from "../src/interpreter/interpreter.ts";
import type { AnyNode, PrimitiveTag, Program } from "../src/ir/expr.ts";
import { evaluateRules } from "../src/rules/evaluate/index.ts";
import type { EvaluateRule, Run } from "../src/rules/rule.ts";
import { isFloat } from "../src/tensor/dtype.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { bounded } from "./compare.ts";
import { tensorOf } from "./domain.ts";

/**
 * How far rounding may take a program from its value, derived from the program and its inputs: it is
 * run again with every operand and result of every node moved by a few units in the last place, up or
 * down at random, and what comes out of several such runs spans what another order of the same
 * arithmetic may give.
 *
 * **Source** Vignes, "A stochastic arithmetic for reliable scientific computation" (1993).
 */
const ulps = 8;
const experiments = 6;

const epsilon = { f32: 2 ** -23, f64: 2 ** -52 } as const;

/** Signs at random, the same for the same seed: bits of a linear congruence. */
const signs = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 31 === 0 ? 1 : -1;
  };
};

/** The few units in the last place, relative to the value. */
const unitOf = ({ dtype }: Tensor): number =>
  dtype === "f32" || dtype === "f64" ? ulps * epsilon[dtype] : 0;

const nudged = (x: Tensor, sign: () => number): Tensor => {
  if (!isFloat(x.dtype)) return x;
  const unit = unitOf(x);
  return tensorOf(
    x.shape,
    x.dtype,
    Array.from(x.toTypedArray(), (value) => value * (1 + sign() * unit)),
  );
};

// A node's params are those of its own primitive, which indexing a mapped type does not show.
const ruleOf = (node: AnyNode) => evaluateRules[node.primitive] as EvaluateRule<PrimitiveTag>;

const perturbed = (sign: () => number): Run => {
  const over: Interpreter<Tensor> = {
    typeOf: (x) => ({ shape: x.shape, dtype: x.dtype }),
    constant: (x) => x,
    apply: (node, inputs) =>
      ruleOf(node)(
        node.params,
        inputs.map((x) => nudged(x, sign)),
        inner,
      ).map((y) => nudged(y, sign)),
  };
  const inner: Run = (program, inputs) => interpret(program, over, inputs);
  return inner;
};

/** Whether what a backend computed from some inputs is the program's value but for rounding. */
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
        return Math.max(...spread, unitOf(y) * Math.abs(value));
      }),
    );
    return bounded(bounds)("output", computed, exact);
  };
