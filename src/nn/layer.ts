import type { Expr } from "../ir/expr.ts";
import type { Across } from "../ir/ops/control.ts";
import type { Operand, ShapeOf } from "../ir/types/shape.ts";
import type { Key } from "../tensor/key.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A tree of tensors as the tree of expressions of the same shapes that stands for it in a program. */
export type Symbolic<T> =
  T extends Tensor<infer S>
    ? Expr<S>
    : T extends object
      ? { readonly [K in keyof T]: Symbolic<T[K]> }
      : T;

/** What a layer may know of the run that it is part of. */
export interface Context {
  /** `"train"` where dropout drops and running statistics move. */
  readonly mode: "train" | "eval";
  /** Randomness for this example; layers that need several split it. */
  readonly key: Expr<readonly [2]>;
  /**
   * The `vmap` axis of the batch, for layers that look across examples, as `axisSum` and `axisMean` take it: within
   * `timeDistributed` the moments of all examples.
   */
  readonly axis: Across;
  /**
   * Which moments of a sequence are real, `[time]` of bool, for layers along time; all where missing. It
   * is what `masked` sets.
   */
  readonly mask?: Expr;
}

/** What `init` makes: the parameters to be trained, and the state that `apply` carries along. */
export interface Initial<P, S> {
  readonly params: P;
  readonly state: S;
}

/** The layers that a layer is made of, and the same layer made of others: what a traversal needs. */
export interface Parts {
  readonly children: readonly AnyLayer[];
  readonly rebuild: (children: readonly AnyLayer[]) => AnyLayer;
}

interface Described {
  /** What a summary calls it. */
  readonly name: string;
  /** Missing where the layer is not made of layers. */
  readonly parts?: Parts | undefined;
}

/**
 * A pure parameterized function, written for one example; a batch is `vmap`.
 *
 * `I` and `O` are shapes of one example, `P` and `S` trees of tensors (`undefined` for none). Static
 * configuration lives in the closure, so that params hold tensors and nothing else. The next state is the same for
 * every example: what depends on examples goes into it through `axisMean` or `axisSum` over `context.axis`.
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

/** A layer that takes any shape and keeps it: an activation, dropout, the identity. */
export interface SameLayer<P, S> extends Described {
  readonly init: (key: Key) => Initial<P, S>;
  readonly apply: <X extends Shape>(
    params: Symbolic<P>,
    state: Symbolic<S>,
    x: Expr<X>,
    context: Context,
  ) => readonly [y: Expr<X>, state: Symbolic<S>];
}

/** A function that keeps the shape of its operand: `tanh`, `relu`, `softmax`. */
export type Activation = <const X extends Operand>(x: X) => Expr<ShapeOf<X>>;

/** Every layer, whatever its types: what a combinator takes. */
export interface AnyLayer extends Described {
  readonly init: (key: Key) => Initial<unknown, unknown>;
  readonly apply: (
    params: never,
    state: never,
    x: Expr<never>,
    context: Context,
  ) => readonly [y: Expr, state: unknown];
}

/** What combinators compose: layers, and activations, which are layers without params. */
export type Composable = AnyLayer | Activation;

/**
 * A layer seen from inside a combinator, which hands each child the params and the state that this
 * child's own `init` made, and leaves the shapes to the program's type rules.
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
