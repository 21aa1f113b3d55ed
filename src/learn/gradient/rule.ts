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
  /** The gradient with respect to the params, with their structure; zeros where it does not reach. */
  readonly gradient: Exprs;
  /** For each leaf of the params, whether the gradient reaches it. It does not reach frozen params. */
  readonly reached: readonly boolean[];
}

/** Computes an outcome and the gradient of its loss with respect to the params. */
export const gradientOf = <P>({ vjp }: Reverse, f: (params: P) => Outcome, params: P): Descent => {
  const inputs = flattenExprs(params);
  // The loss comes first: it alone has a cotangent. The other outputs are auxiliary.
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

/** What a gradient rule is given: how a shard is judged, where, and on what. */
export interface Slope {
  readonly reverse: Reverse;
  readonly judge: Judge;
  readonly params: unknown;
  readonly state: unknown;
  readonly shard: Shard;
  readonly circumstances: Circumstances;
}

/**
 * How the gradient of a shard is computed, for `objective` and `supervised`. The default, {@link plainly}, takes the
 * gradient of the mean loss. Others clip the gradient of each example, look in the neighborhood of the params, or
 * change the inputs first.
 */
export interface GradientRule {
  readonly name: string;
  readonly descend: (slope: Slope) => Descent;
  /** Changes the mean gradient of all shards before the optimizer sees it, with a key that differs in every step. */
  readonly finish?: (gradient: Exprs, key: KeyExpr, examples: number) => Exprs;
}

/** The gradient of the mean loss. */
export const plainly: GradientRule = {
  name: "plainly",
  descend: ({ reverse, judge, params, state, shard, circumstances }) =>
    gradientOf(reverse, (p) => judge(p, state, shard, circumstances), params),
};
