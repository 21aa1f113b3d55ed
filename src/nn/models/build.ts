import type { Shape } from "../../tensor/shape.ts";
import { declared } from "../apply.ts";
import { named } from "../combinators/containers.ts";
import { sequential } from "../combinators/sequential.ts";
import type { Composable, Layer } from "../layer.ts";

/** A model whose configuration determines its trees of params and state. */
export type Network<I extends Shape, O extends Shape> = Layer<
  I,
  O,
  readonly unknown[],
  readonly unknown[]
>;

/** The shape of an image with its channels last; its extents are dynamic. */
export type Image<C extends number> = readonly [number, number, C];

/**
 * Composes a dynamic number of layers in sequence. Types cannot follow them; shapes that do not fit are reported when the
 * program is compiled.
 */
export const stages = (...layers: readonly Composable[]): Composable =>
  (sequential as (...layers: readonly Composable[]) => Composable)(...layers);

/** Composes {@link stages} under the name of a model; the caller states its input and output shapes. */
export const network = <I extends Shape, O extends Shape>(
  name: string,
  ...layers: readonly Composable[]
): Network<I, O> => declared(named(name, stages(...layers)));
