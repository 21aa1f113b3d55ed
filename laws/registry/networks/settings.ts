import type * as fc from "fast-check";
import type { Composable } from "../../../src/nn/layer.ts";
import type { Shape } from "../../../src/tensor/shape.ts";

/** A layer with the shape of an example for it. */
export interface LayerCase {
  readonly name: string;
  readonly layer: Composable;
  readonly shape: Shape;
  /** Its declared derivative is not the limit of differences: gradients are stopped in it. */
  readonly rough?: boolean;
  /** In training it looks at the other examples of the batch, and one example alone has no meaning. */
  readonly acrossExamples?: boolean;
  /** The numbers of which examples are made, where those that avoid most kinks do not do. */
  readonly elements?: fc.Arbitrary<number>;
}

/** Layers for each export of a module. */
export type Settings<Module> = {
  readonly [Name in keyof Module]: readonly Omit<LayerCase, "name">[];
};
