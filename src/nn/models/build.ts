import type { Shape } from "../../tensor/shape.ts";
import { named } from "../combinators/containers.ts";
import { sequential } from "../combinators/sequential.ts";
import type { AnyLayer, Composable, Layer } from "../layer.ts";

/** A model: its params and state are trees of tensors that its configuration decides. */
export type Network<I extends Shape, O extends Shape> = Layer<
  I,
  O,
  readonly unknown[],
  readonly unknown[]
>;

/** Images with their channels last, of any extents that the model's strides leave something of. */
export type Image<C extends number> = readonly [number, number, C];

/**
 * Layers in a row whose number a configuration decides, so that types cannot follow them: where they do
 * not meet is reported when the program is compiled.
 */
export const stages = (...layers: readonly Composable[]): Composable =>
  (sequential as (...layers: readonly Composable[]) => Composable)(...layers);

/** {@link stages} under the name of the model, with the shapes that its maker states. */
export const network = <I extends Shape, O extends Shape>(
  name: string,
  ...layers: readonly Composable[]
): Network<I, O> => named(name, stages(...layers)) as AnyLayer as Network<I, O>;
