import { parameter, reapply } from "../ir/build.ts";
import type { AnyNode, Expr, PrimitiveTag } from "../ir/expr.ts";
import { zerosAfter } from "../ir/types/diagnose.ts";
import { jvpRules } from "../rules/index.ts";
import { inDtypeOf } from "../rules/make.ts";
import type { Derive, JvpRule } from "../rules/rule.ts";
import { isFloat } from "../tensor/dtype.ts";
import { Environment, type Interpreter, present, restore, standIns } from "./interpreter.ts";

/** A dual number `primal + ε tangent`; a missing tangent is zero. */
export interface Dual<V> {
  readonly primal: V;
  readonly tangent: V | undefined;
}

/**
 * Forward mode: interprets a program over pairs of primal and tangent.
 *
 * **Source** Clifford's dual numbers (1873); as a program transformation, Wengert (1964).
 */
export const dualWith = <V>(base: Interpreter<V>, derive: Derive): Interpreter<Dual<V>> => ({
  typeOf: (x) => base.typeOf(x.primal),
  apply: (node, inputs) => {
    const primals = inputs.map((x) => x.primal);
    const moving = inputs.map((x) => x.tangent !== undefined);
    if (!moving.includes(true))
      return base.apply(node, primals).map((primal) => ({ primal, tangent: undefined }));

    const xs = standIns(base, primals);
    const dxs = xs.map((x, i) => (moving[i] ? parameter(x) : undefined));
    const made = ruleOf(node)(node.params, xs, dxs, derive);
    const rule = new Environment(
      base,
      [...xs, ...present(dxs)],
      [...primals, ...present(inputs.map((x) => x.tangent))],
      node.path,
    );
    const outputs = rule.evaluate(made.outputs);
    const moves = made.tangents.map((t, i) => t && inDtypeOf(made.outputs[i] as Expr, t));
    const tangents = restore(moves, rule.evaluate(present(moves)));
    return outputs.map((primal, i) => ({ primal, tangent: tangents[i] }));
  },
});

const ruleOf = (node: AnyNode): JvpRule<PrimitiveTag> =>
  node.issue === undefined
    ? // A node's params are those of its own primitive, which indexing a mapped type does not show.
      (jvpRules[node.primitive] as JvpRule<PrimitiveTag>)
    : following(node);

/** The rule of an invalid node, whose params may not fit its operands: the tangents only depend on its outputs. */
const following =
  (node: AnyNode): JvpRule<PrimitiveTag> =>
  (_, primals) => {
    const outputs = reapply(node, primals);
    const tangents = zerosAfter(outputs, outputs);
    return { outputs, tangents: tangents.map((t) => (isFloat(t.dtype) ? t : undefined)) };
  };
