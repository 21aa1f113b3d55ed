import type { Each, Params, PrimitiveTag } from "../ir/expr.ts";
import { evaluateRules } from "../rules/evaluate/index.ts";
import type { EvaluateRule, Run } from "../rules/rule.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Interpreter, interpret } from "./interpreter.ts";

const applyRule = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  inputs: readonly Tensor[],
): readonly Tensor[] => {
  // TypeScript does not see that indexing a mapped type with P gives P's rule. An interpreter has as many values as the
  // node has operands.
  const rule = evaluateRules[primitive] as EvaluateRule<P>;
  return rule(params, inputs as Each<P, Tensor>, run);
};

/** The reference interpreter: evaluates programs on tensors. */
export const evaluate: Interpreter<Tensor> = {
  typeOf: (x) => ({ shape: x.shape, dtype: x.dtype }),
  apply: (node, inputs) => applyRule(node.primitive, node.params, inputs),
};

/** Runs a program on tensors by the reference rules. */
export const run: Run = (program, inputs) => interpret(program, evaluate, inputs);
