import { InvalidArgument } from "../../errors.ts";
import { parameter } from "../../ir/build.ts";
import type { Expr } from "../../ir/expr.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { program } from "../../ir/program.ts";
import { symbolsOf } from "../../ir/trees.ts";
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
import { refuseMistakes } from "../mistakes.ts";
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
  { name, observation, actions, legal }: World,
  models: Models<P, V>,
): Agent<ParamsOf<P>, ParamsOf<V>> => {
  const layers = { policy: open(models.policy), value: open(models.value) };
  const initial = (of: keyof typeof layers, key: Key): Initial<unknown, unknown> => {
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
  const output: Agent<unknown, unknown>["output"] = (trained, seen) =>
    ascribe(
      `the policy of ${op} in ${name}`,
      [{ shape, dtype: "f32" }],
      [applied("policy", trained, seen)],
    )[0];
  const value: Agent<unknown, unknown>["value"] = (trained, seen) => {
    const made = applied("value", trained, seen);
    const single = sizeOf(made.shape) === 1 ? made.shape : [1];
    const types = [{ shape: single, dtype: "f32" }] as const;
    return reshape(ascribe(`the value of ${op} in ${name}`, types, [made])[0], []);
  };
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      const [policy, critic] = [initial("policy", first), initial("value", second)];
      const deviation = actions.kind === "discrete" ? undefined : full(actions.shape, 0);
      const made = {
        params: { policy: policy.params, value: critic.params, logDeviation: deviation },
        state: { policy: policy.state, value: critic.state },
      };
      // The mistakes of layers are found here, once each and with their names.
      const { tree, leaves: given } = symbolsOf<Initial<unknown, unknown>>(made);
      const seen = parameter(observation);
      refuseMistakes(program([seen, ...given], [output(tree, seen), value(tree, seen)]));
      // The layers' own `init` made their params.
      return made as Initial<AgentParams<ParamsOf<P>, ParamsOf<V>>, unknown>;
    },
    output,
    act: (trained, seen) => {
      const made = output(trained, seen);
      return actions.kind === "discrete"
        ? categoricalPolicy(made, legal?.(seen))
        : gaussianPolicy(made, (trained.params as { readonly logDeviation: Expr }).logDeviation);
    },
    value,
  };
};
