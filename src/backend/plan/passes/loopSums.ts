import { apply } from "../../../ir/build.ts";
import type { DotParams, Expr, Program } from "../../../ir/expr.ts";
import { dce } from "../../../ir/passes/dce.ts";
import { concerning, everywhere, rewrite, same, useCounts } from "../../../ir/passes/rewrite.ts";
import { isHalf } from "../../../tensor/dtype.ts";

/**
 * Moves sums out of loops that only add to them. `Σₜ Xₜᵀ Yₜ` over slices that are stacked anyway becomes one product of
 * the stacks after the loop, so that no round reads and writes the sum. The gradients of a recurrence's weights then
 * cost as much as those of a dense layer.
 *
 * The pass changes the order of additions, so it may change bits.
 */

const onStacks = ({ batch, contract }: DotParams): DotParams => {
  const after = (axes: readonly number[]): readonly number[] => axes.map((a) => a + 1);
  return {
    batch: [after(batch[0]), after(batch[1])],
    contract: [
      [0, ...after(contract[0])],
      [0, ...after(contract[1])],
    ],
  };
};

/**
 * The sum over all rounds, `Σₜ`, of a value in a loop's body, if the values that it needs are stacked; `stackOf` finds
 * the stack of a value.
 */
const total = (x: Expr, stackOf: (x: Expr) => Expr | undefined): Expr | undefined => {
  const { node } = x;
  const [half] = node.primitive === "cast" ? node.inputs : [];
  const halves = half && isHalf(half.dtype) ? stackOf(half) : undefined;
  const own =
    halves === undefined ? stackOf(x) : apply("cast", { dtype: x.dtype }, [halves], node.path)[0];
  if (own !== undefined) return apply("reduce", { kind: "sum", axes: [0] }, [own])[0];
  if (node.primitive !== "dot") return undefined;
  const stacks = node.inputs.flatMap((operand) => stackOf(operand) ?? []);
  return stacks.length === 2
    ? apply("dot", onStacks(node.params), stacks, node.path)[0]
    : undefined;
};

/** Moves the sums out of one program's loops. */
const afterLoops = (p: Program): Program =>
  rewrite(p, (node, inputs) => {
    if (node.primitive !== "scan" || node.params.length === 0) return undefined;
    const { body, constants, carry } = node.params;
    const uses = useCounts(body);
    const made = apply("scan", node.params, inputs, node.path);
    const stackOf = (x: Expr): Expr | undefined => {
      const asSlice = body.inputs.slice(constants + carry).findIndex((y) => same(x, y));
      if (asSlice >= 0) return inputs[constants + carry + asSlice];
      const asOutput = body.outputs.slice(carry).findIndex((y) => same(x, y));
      return asOutput >= 0 ? made[carry + asOutput] : undefined;
    };
    let found = false;
    const outputs = made.map((output, i) => {
      const sum = body.outputs[i] as Expr;
      const before = body.inputs[constants + i] as Expr;
      if (i >= carry || sum.node.primitive !== "add" || sum.dtype === "bool") return output;
      if (uses.get(sum.node) !== 1 || uses.get(before.node) !== 1) return output;
      const terms = sum.node.inputs.filter((x) => !same(x, before));
      const all = terms.length === 1 ? total(terms[0] as Expr, stackOf) : undefined;
      if (all === undefined) return output;
      found = true;
      return apply("add", {}, [inputs[constants + i] as Expr, all], node.path)[0] as Expr;
    });
    return found ? outputs : undefined;
  });

export const sumsAfterLoops = (p: Program): Program => {
  const next = everywhere(concerning(["scan"], afterLoops))(p);
  return next === p ? p : dce(next);
};
