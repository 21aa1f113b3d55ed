import type { Exprs } from "../../autodiff/index.ts";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import { onesLike, zerosLike } from "../../ir/ops/indexing.ts";
import type { KeyExpr } from "../../ir/ops/random.ts";
import { flattenExprs, shapeFor, traceTree, treeOf } from "../../ir/trees.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { unflatten } from "../../tree.ts";
import type { Circumstances, Judge, Outcome, Shard } from "../judge.ts";

/** An outcome with the gradient of its loss. */
export interface Descent {
  readonly outcome: Outcome;
  /** The gradient with respect to the params, with their structure; zeros for leaves it does not reach. */
  readonly gradient: Exprs;
  /** Whether the gradient reaches each leaf of the params. It does not reach frozen params. */
  readonly reached: readonly boolean[];
}

/** Computes an outcome and the gradient of its loss with respect to the params. */
export const gradientOf = <P>({ vjp }: Reverse, f: (params: P) => Outcome, params: P): Descent => {
  const inputs = flattenExprs(params);
  // The loss comes first: only it has a cotangent. The other outputs are auxiliary.
  const { program, captured, output } = traceTree((p: P) => {
    const made = f(p);
    return [made.loss, made] as const;
  }, inputs);
  const constants = captured.map(() => false);
  const primals = [...captured, ...inputs.leaves];
  const made = vjp(program, primals, [...constants, ...inputs.leaves.map((x) => isFloat(x.dtype))]);
  const seeds = made.outputs.map((y, i) => (i === 0 ? onesLike(y) : undefined));
  const gradient = made.pullback(seeds).slice(captured.length);
  const [, outcome] = treeOf(output, made.outputs);
  return {
    outcome,
    gradient: unflatten(
      shapeFor<unknown>(inputs.shape),
      inputs.leaves.map((x, i) => gradient[i] ?? zerosLike(x)),
    ),
    reached: gradient.map((g) => g !== undefined),
  };
};

/** The input of a gradient rule: the judge of a shard, the params, and the shard. */
export interface Slope {
  readonly reverse: Reverse;
  readonly judge: Judge;
  readonly params: unknown;
  readonly state: unknown;
  readonly shard: Shard;
  readonly circumstances: Circumstances;
}

/**
 * A rule for the gradient of a shard, for `objective` and `supervised`. The default, {@link plainly}, takes the
 * gradient of the mean loss. Other rules clip the gradient of each example, look around the params, or change the
 * inputs first.
 */
export interface GradientRule {
  readonly name: string;
  readonly descend: (slope: Slope) => Descent;
  /** Changes the mean gradient of all shards before the optimizer uses it, with a key that differs in every step. */
  readonly finish?: (gradient: Exprs, key: KeyExpr, examples: number) => Exprs;
}

/** The gradient of the mean loss. */
export const plainly: GradientRule = {
  name: "plainly",
  descend: ({ reverse, judge, params, state, shard, circumstances }) =>
    gradientOf(reverse, (p) => judge(p, state, shard, circumstances), params),
};
