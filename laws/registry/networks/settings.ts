import type * as fc from "fast-check";
import type { Composable } from "../../../src/nn/layer.ts";
import type { Shape } from "../../../src/tensor/shape.ts";

/** A layer with the shape of an example for it. */
export interface LayerCase {
  readonly name: string;
  readonly layer: Composable;
  readonly shape: Shape;
  /** True if the declared derivative is not the limit of difference quotients, because gradients are stopped. */
  readonly rough?: boolean;
  /** True if the layer sees the other examples of the batch in training, so that it cannot run on a single example. */
  readonly acrossExamples?: boolean;
  /** The numbers in examples. Defaults to numbers that avoid most kinks. */
  readonly elements?: fc.Arbitrary<number>;
}

/** Cases for each export of a module. */
export type Settings<Module> = {
  readonly [Name in keyof Module]: readonly Omit<LayerCase, "name">[];
};
