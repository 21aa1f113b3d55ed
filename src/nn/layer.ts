import type { Expr } from "../ir/expr.ts";
import type { Across } from "../ir/ops/control.ts";
import type { Symbolic } from "../ir/trees.ts";
import type { Operand, ShapeOf } from "../ir/types/shape.ts";
import type { Key } from "../tensor/key.ts";
import type { Shape } from "../tensor/shape.ts";

export type { Symbolic };

/** What a layer is told about the run besides its params, state and input. */
export interface Context {
  /** `"train"` where dropout drops and running statistics move. */
  readonly mode: "train" | "eval";
  /** The random key of this example; a layer that needs several keys splits it. */
  readonly key: Expr<readonly [2]>;
  /**
   * The `vmap` axis of the batch, for layers that look across examples; pass it to `axisSum` and `axisMean`. Inside
   * `timeDistributed` it covers the time steps of all examples.
   */
  readonly axis: Across;
  /**
   * Which time steps of a sequence are real and not padding: bool `[time]`, set by `masked`. If missing, all steps
   * are real.
   */
  readonly mask?: Expr;
  /** Whether the layer is inside `frozen`: statistics of batches are then the running ones, as in evaluation. */
  readonly frozen?: boolean;
}

/** The result of `init`: the parameters to train, and the state that `apply` passes from step to step. */
export interface Initial<P, S> {
  readonly params: P;
  readonly state: S;
}

/** The children of a layer, and how to rebuild the layer from other children. Traversals use it. */
export interface Parts {
  readonly children: readonly AnyLayer[];
  readonly rebuild: (children: readonly AnyLayer[]) => AnyLayer;
}

interface Described {
  /** The name of the layer in a summary. */
  readonly name: string;
  /** Missing if the layer has no child layers. */
  readonly parts?: Parts | undefined;
}

/**
 * A pure parameterized function, written for one example; a batch is `vmap`.
 *
 * `I` and `O` are shapes of one example, `P` and `S` trees of tensors (`undefined` for none). Static
 * configuration lives in the closure, so that params hold tensors and nothing else. The next state must be the same for
 * every example of a batch: reduce values that differ between examples with `axisMean` or `axisSum` over `context.axis`.
 *
 * **Laws** `laws.layer`: composition with `identity` changes nothing, composition is associative up to
 * regrouping of params, `vmap` of the layer equals the layer of each example.
 */
export interface Layer<I extends Shape, O extends Shape, P, S> extends Described {
  readonly init: (key: Key) => Initial<P, S>;
  readonly apply: (
    params: Symbolic<P>,
    state: Symbolic<S>,
    x: Expr<I>,
    context: Context,
  ) => readonly [y: Expr<O>, state: Symbolic<S>];
}

/** A layer that accepts any shape and keeps it: an activation, dropout, the identity. */
export interface SameLayer<P, S> extends Described {
  readonly init: (key: Key) => Initial<P, S>;
  readonly apply: <X extends Shape>(
    params: Symbolic<P>,
    state: Symbolic<S>,
    x: Expr<X>,
    context: Context,
  ) => readonly [y: Expr<X>, state: Symbolic<S>];
}

/** A function that keeps the shape of its operand, such as `tanh`, `relu` or `softmax`; for none, `(x) => x`. It is not a layer. */
export type Activation = <const X extends Operand>(x: X) => Expr<ShapeOf<X>>;

/** The supertype of all layers: what a combinator accepts. */
export interface AnyLayer extends Described {
  readonly init: (key: Key) => Initial<unknown, unknown>;
  readonly apply: (
    params: never,
    state: never,
    x: Expr<never>,
    context: Context,
  ) => readonly [y: Expr, state: unknown];
}

/** What combinators compose: layers, and activations, which count as layers without params. */
export type Composable = AnyLayer | Activation;

/**
 * A layer without its static types, as combinators use it inside. A combinator passes each child the params and state
 * that the child's own `init` made; the type rules of the program check the shapes.
 */
export interface OpenLayer extends Described {
  readonly init: (key: Key) => Initial<unknown, unknown>;
  readonly apply: (
    params: unknown,
    state: unknown,
    x: Expr,
    context: Context,
  ) => readonly [y: Expr, state: unknown];
}
