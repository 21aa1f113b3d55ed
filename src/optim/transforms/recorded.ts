import { exprTree } from "../../ir/trees.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tree.ts";
import { zerosOf } from "../ema.ts";
import { around, type GradientTransformation, transformation } from "../transformation.ts";

/** The state of {@link recorded}. */
export interface Recorded<A> {
  readonly [field: string]: Tree<A>;
  /** The state of the transformation that is watched. */
  readonly watched: Tree<A>;
  /** What it was given in the last step. */
  readonly gradients: Tree<A>;
  /** What it made of them. */
  readonly updates: Tree<A>;
}

/**
 * Keeps the last gradients and updates of an optimizer in its state, for those who look at a run: `layerFigures` makes
 * histograms and norms of them. The updates are the same as without it. It takes twice the memory of the params.
 *
 * @example
 * ```ts
 * import { adam } from "fluxion";
 * import { recorded } from "fluxion/optim";
 * recorded(adam({ learningRate: 1e-3 })).name // => "adam, recorded"
 * ```
 */
export const recorded = (watched: GradientTransformation): GradientTransformation => {
  const own = transformation<Recorded<Tensor>>({
    name: `${watched.name}, recorded`,
    init: (params) => ({
      watched: watched.init(params),
      gradients: zerosOf(params),
      updates: zerosOf(params),
    }),
    update: (gradients, state, params, scaled, minimized) => {
      const before = exprTree(state.watched);
      const made = watched.update(gradients, before, params, scaled, minimized);
      return { ...made, state: { watched: made.state, gradients, updates: made.updates } };
    },
  });
  return { ...around(watched, recorded, "watched"), ...own };
};
