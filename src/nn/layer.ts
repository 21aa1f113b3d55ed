import type { Expr } from "../ir/expr.ts";
import type { Key } from "../tensor/key.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A tree of tensors as the tree of expressions of the same shapes that stands for it in a program. */
export type Symbolic<T> = T extends Tensor<infer S>
  ? Expr<S>
  : T extends readonly unknown[] | { readonly [key: string]: unknown }
    ? { readonly [K in keyof T]: Symbolic<T[K]> }
    : T;

/** What a layer may know of the run that it is part of. */
export interface Context {
  /** `"train"` where dropout drops and running statistics move. */
  readonly mode: "train" | "eval";
  /** Randomness for this example; layers that need several split it. */
  readonly key: Expr<readonly [2]>;
  /** The name of the `vmap` axis of the batch, for layers that look across examples. */
  readonly axis: string;
}

/** What `init` makes: the parameters to be trained, and the state that `apply` carries along. */
export interface Initial<P, S> {
  readonly params: P;
  readonly state: S;
}

/**
 * A pure parameterised function, written for one example; a batch is `vmap`.
 *
 * `I` and `O` are shapes of one example, `P` and `S` trees of tensors (`undefined` for none). Static
 * configuration lives in the closure, so that params hold tensors and nothing else.
 *
 * **Laws** `laws.layer`: composition with `identity` changes nothing, composition is associative up to
 * regrouping of params, `vmap` of the layer equals the layer of each example.
 */
export interface Layer<I extends Shape, O extends Shape, P, S> {
  /** What a summary calls it. */
  readonly name: string;
  readonly init: (key: Key) => Initial<P, S>;
  readonly apply: (
    params: Symbolic<P>,
    state: Symbolic<S>,
    x: Expr<I>,
    context: Context,
  ) => readonly [y: Expr<O>, state: Symbolic<S>];
}
