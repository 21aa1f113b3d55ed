import type { AnyNode, PrimitiveTag } from "../ir/expr.ts";
import { mentionsAxis } from "../ir/program.ts";
import { batchRules } from "../rules/index.ts";
import type { BatchRule, Derive, MappedAxis } from "../rules/rule.ts";
import { Environment, type Interpreter, standIns } from "./interpreter.ts";

/** A batched value: one per example along a leading mapped axis, or one that all examples share. */
export interface Mapped<V> {
  readonly value: V;
  readonly batched: boolean;
}

/**
 * Makes the interpreter that runs a program of one example on a batch; `typeOf` is the type that one example sees.
 */
export const batchWith = <V>(
  base: Interpreter<V>,
  axis: MappedAxis,
  derive: Derive,
): Interpreter<Mapped<V>> => ({
  typeOf: ({ value, batched }) => {
    const { shape, dtype } = base.typeOf(value);
    return { shape: batched ? shape.slice(1) : shape, dtype };
  },
  apply: (node, inputs) => {
    const values = inputs.map((x) => x.value);
    const batched = inputs.map((x) => x.batched);
    const summed = axis.name !== undefined && mentionsAxis(node, axis.name);
    if (!batched.includes(true) && !summed)
      return base.apply(node, values).map((value) => ({ value, batched: false }));
    const xs = standIns(base, values);
    const made = ruleOf(node)(node.params, xs, batched, axis, derive);
    return new Environment(base, xs, values, node.path)
      .evaluate(made.outputs)
      .map((value, i) => ({ value, batched: made.batched[i] ?? false }));
  },
});

// A node's params are those of its own primitive, which indexing a mapped type does not show.
const ruleOf = (node: AnyNode) => batchRules[node.primitive] as BatchRule<PrimitiveTag>;
