import type { AnyNode, Expr, Params, PrimitiveTag, Program, TensorType } from "../ir/expr.ts";
import { evaluateRules } from "../rules/evaluate/index.ts";
import type { EvaluateRule, Run } from "../rules/rule.ts";
import type { Tensor } from "../tensor/tensor.ts";

const applyRule = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  inputs: readonly Tensor[],
): readonly Tensor[] => {
  // TypeScript does not see that indexing a mapped type with P gives P's rule.
  const rule = evaluateRules[primitive] as EvaluateRule<P>;
  return rule(params, inputs, run);
};

/** The interpreter over tensors: what a program computes. */
export const evaluate = {
  typeOf: (x: Tensor): TensorType => ({ shape: x.shape, dtype: x.dtype }),
  constant: (x: Tensor): Tensor => x,
  apply: (node: AnyNode, inputs: readonly Tensor[]): readonly Tensor[] =>
    applyRule(node.primitive, node.params, inputs),
};

/** The outputs of a program for its inputs, by the reference rules. */
export const run: Run = (program: Program, inputs: readonly Tensor[]): readonly Tensor[] => {
  const values = new Map<AnyNode, readonly Tensor[]>();
  program.inputs.forEach((x, i) => {
    values.set(x.node, [inputs[i] as Tensor]);
  });
  const valueOf = (x: Expr): Tensor =>
    (values.get(x.node) ?? evaluate.apply(x.node, []))[x.index] as Tensor;
  for (const node of program.nodes)
    values.set(node, evaluate.apply(node, node.inputs.map(valueOf)));
  return program.outputs.map(valueOf);
};
