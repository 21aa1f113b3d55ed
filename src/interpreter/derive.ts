import type { Expr } from "../ir/expr.ts";
import { inline } from "../ir/trace.ts";
import type { Derive, MappedAxis } from "../rules/rule.ts";
import { batchWith, type Mapped } from "./batch.ts";
import { type Dual, dualWith } from "./dual.ts";
import { build, type Interpreter, interpret } from "./interpreter.ts";
import { pull, root, type Taped, tapeWith } from "./tape.ts";

/** The pullback of a program by a tape, whose rules of loops use `derive` for their bodies. */
const pulling =
  (derive: Derive, remember?: (x: Expr) => Expr): Derive["vjp"] =>
  (program, primals, active) => {
    const inputs = primals.map((primal, index) =>
      active[index] ? root(primal) : { primal, entry: undefined, index: 0 },
    );
    const outputs = interpret(program, tapeWith(build, derive, remember), inputs);
    return {
      outputs: outputs.map((y) => y.primal),
      active: outputs.map((y) => y.entry !== undefined),
      pullback: (cotangents) => pull(build, inputs, outputs, cotangents),
    };
  };

/** The program transformations, implemented by interpreting programs over expressions. */
export const derive: Derive = {
  inline,
  jvp: (program, primals, tangents) => {
    const duals = primals.map((primal, i) => ({ primal, tangent: tangents[i] }));
    const outputs = interpret(program, dual(build), duals);
    return { outputs: outputs.map((y) => y.primal), tangents: outputs.map((y) => y.tangent) };
  },
  vjp: (program, primals, active) => pulling(derive)(program, primals, active),
  batch: (program, inputs, batched, axis) => {
    const mapped = inputs.map((value, i) => ({ value, batched: batched[i] ?? false }));
    const outputs = interpret(program, batch(build, axis), mapped);
    return { outputs: outputs.map((y) => y.value), batched: outputs.map((y) => y.batched) };
  },
};

/**
 * Reverse mode in which loops, branches and calls keep `remember x` of a value x for the backward pass. Outside of them,
 * a plan decides what is kept: the products' operands and results, of which it computes the rest again.
 */
export const vjpRemembering = (remember: (x: Expr) => Expr): Derive["vjp"] => {
  const within: Derive = {
    ...derive,
    vjp: (program, primals, active) => pulling(within, remember)(program, primals, active),
  };
  return pulling(within);
};

/** Forward mode over any base interpreter: values are pairs of primal and tangent. */
export const dual = <V>(base: Interpreter<V>): Interpreter<Dual<V>> => dualWith(base, derive);

/** Reverse mode over any base interpreter: values record how they were computed. */
export const tape = <V>(base: Interpreter<V>): Interpreter<Taped<V>> => tapeWith(base, derive);

/** Batching over any base interpreter: values have a mapped axis. */
export const batch = <V>(base: Interpreter<V>, axis: MappedAxis): Interpreter<Mapped<V>> =>
  batchWith(base, axis, derive);
