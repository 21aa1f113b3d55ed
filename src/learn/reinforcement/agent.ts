import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { ascribe } from "../../ir/types/diagnose.ts";
import { open, still, within } from "../../nn/apply.ts";
import type { AnyLayer, Initial } from "../../nn/layer.ts";
import type { ParamsOf } from "../../nn/types/chain.ts";
import { full } from "../../tensor/constructors.ts";
import { type Key, split } from "../../tensor/key.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { leaves } from "../../tree.ts";
import type { Environment } from "../environments/environment.ts";
import { type ActionDistribution, categoricalPolicy, gaussianPolicy } from "./policies.ts";

/** What an agent knows of its environment. */
export type World = Pick<Environment, "name" | "observation" | "actions" | "legal">;

/** The models of an agent: each a layer of one observation. */
export interface Models<P extends AnyLayer, V extends AnyLayer> {
  readonly policy: P;
  readonly value: V;
}

/** The params of an agent. */
export interface AgentParams<P, V> {
  readonly policy: P;
  readonly value: V;
  /** The logarithms of the standard deviations of continuous actions, which do not depend on what is observed. */
  readonly logDeviation: Tensor | undefined;
}

/** An agent: what it does and what it expects, for one observation. `trained` is what `init` made, as expressions. */
export interface Agent<P, V> {
  readonly init: (key: Key) => Initial<AgentParams<P, V>, unknown>;
  readonly act: (trained: Initial<unknown, unknown>, observation: Expr) => ActionDistribution;
  /** What the policy's layer says: logits, or means. */
  readonly output: (trained: Initial<unknown, unknown>, observation: Expr) => Expr;
  /** The expected return, a scalar. */
  readonly value: (trained: Initial<unknown, unknown>, observation: Expr) => Expr;
}

type ByName = { readonly [name: string]: unknown };
const part = (trained: Initial<unknown, unknown>, name: string): Initial<unknown, unknown> => ({
  params: (trained.params as ByName)[name],
  state: (trained.state as ByName)[name],
});

/**
 * Makes an agent of a policy and a critic. Layers work as in evaluation: without dropout.
 *
 * **Fails with** `InvalidArgument`, thrown by `init`, where a layer has a state to train, such as the statistics of
 * `batchNorm`; `ShapeMismatch` when compiled, where a layer returns something else than an action needs.
 */
export const agent = <P extends AnyLayer, V extends AnyLayer>(
  op: string,
  { name, actions, legal }: World,
  models: Models<P, V>,
): Agent<ParamsOf<P>, ParamsOf<V>> => {
  const layers = { policy: open(models.policy), value: open(models.value) };
  const begun = (of: keyof typeof layers, key: Key): Initial<unknown, unknown> => {
    const made = layers[of].init(key);
    if (leaves(made.state).length > 0)
      throw new InvalidArgument({
        op,
        argument: of,
        expected: "layers without a state of their own, such as layerNorm in place of batchNorm",
        actual: layers[of].name,
      });
    return made;
  };
  const applied = (of: keyof typeof layers, trained: Initial<unknown, unknown>, x: Expr): Expr => {
    const own = part(trained, of);
    return within(of, layers[of], own.params, own.state, x, still)[0];
  };
  const shape = actions.kind === "discrete" ? [actions.count] : actions.shape;
  const output: Agent<unknown, unknown>["output"] = (trained, observation) =>
    ascribe(
      `the policy of ${op} in ${name}`,
      [{ shape, dtype: "f32" }],
      [applied("policy", trained, observation)],
    )[0];
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      const [policy, value] = [begun("policy", first), begun("value", second)];
      return {
        // The layers' own `init` made them.
        params: {
          policy: policy.params as ParamsOf<P>,
          value: value.params as ParamsOf<V>,
          logDeviation: actions.kind === "discrete" ? undefined : full(actions.shape, 0),
        },
        state: { policy: policy.state, value: value.state },
      };
    },
    output,
    act: (trained, observation) => {
      const made = output(trained, observation);
      return actions.kind === "discrete"
        ? categoricalPolicy(made, legal?.(observation))
        : gaussianPolicy(made, (trained.params as { readonly logDeviation: Expr }).logDeviation);
    },
    value: (trained, observation) => {
      const made = applied("value", trained, observation);
      const single = sizeOf(made.shape) === 1 ? made.shape : [1];
      return reshape(
        ascribe(`the value of ${op} in ${name}`, [{ shape: single, dtype: "f32" }], [made])[0],
        [],
      );
    },
  };
};
