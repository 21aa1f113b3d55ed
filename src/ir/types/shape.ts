import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Expr } from "../expr.ts";

/**
 * Shape arithmetic in types. Every function is total: an unknown extent is `number`, an unknown rank is `Shape`, and
 * both are checked when the program is compiled. A known mistake is a {@link ShapeError} whose type argument is the
 * message.
 */
export interface ShapeError<Message extends string> {
  readonly "shape error": Message;
}

/**
 * An operand of an operation: an expression, a tensor (a constant), or a number (a scalar of the other operand's
 * dtype, if in its range).
 */
export type Operand<S extends Shape = Shape> = Expr<S> | Tensor<S> | number;

/** The shape of an operand. */
export type ShapeOf<X> = X extends { readonly shape: infer S extends Shape } ? S : readonly [];

/** `unknown` if a shape computation succeeded, and its error if not; intersect it with a parameter's type. */
export type Check<Result> = Result extends ShapeError<string> ? Result : unknown;

/** The computed shape, or `Shape` if there is an error (which {@link Check} reports). */
export type Result<R> = R extends Shape ? R : Shape;

type ShowExtent<D extends number> = number extends D ? "?" : `${D}`;

type Show<S extends Shape> = S extends readonly [
  infer D extends number,
  ...infer Rest extends Shape,
]
  ? Rest extends readonly []
    ? ShowExtent<D>
    : `${ShowExtent<D>}, ${Show<Rest>}`
  : "";

/** A shape as a string type, `[3, 4]`; `?` stands for a dynamic extent. */
export type ShowShape<S extends Shape> = number extends S["length"] ? "[...]" : `[${Show<S>}]`;

type Extent<A extends number, B extends number> = A extends 1
  ? B
  : B extends 1
    ? A
    : number extends A
      ? B
      : number extends B
        ? A
        : A extends B
          ? A
          : never;

type BroadcastFrom<A extends Shape, B extends Shape, Out extends Shape> = A extends readonly [
  ...infer As extends Shape,
  infer X extends number,
]
  ? B extends readonly [...infer Bs extends Shape, infer Y extends number]
    ? [Extent<X, Y>] extends [never]
      ? undefined
      : BroadcastFrom<As, Bs, readonly [Extent<X, Y>, ...Out]>
    : readonly [...A, ...Out]
  : readonly [...B, ...Out];

/** The broadcast of two shapes by NumPy's rule. */
export type Broadcast<A extends Shape, B extends Shape> = number extends A["length"]
  ? Shape
  : number extends B["length"]
    ? Shape
    : BroadcastFrom<A, B, readonly []> extends infer R extends Shape
      ? R
      : ShapeError<`shapes ${ShowShape<A>} and ${ShowShape<B>} do not broadcast`>;

type Compatible<A extends number, B extends number> = number extends A
  ? true
  : number extends B
    ? true
    : A extends B
      ? true
      : false;

type MatmulError<
  A extends Shape,
  B extends Shape,
> = ShapeError<`matmul: ${ShowShape<A>} times ${ShowShape<B>}: the last extent of the left must equal the first of the right`>;

/** The shape of `matmul` for ranks 1 and 2; other ranks widen to `Shape`. */
export type Matmul<A extends Shape, B extends Shape> = A extends readonly [infer K extends number]
  ? B extends readonly [infer L extends number]
    ? Compatible<K, L> extends true
      ? readonly []
      : MatmulError<A, B>
    : B extends readonly [infer L extends number, infer N extends number]
      ? Compatible<K, L> extends true
        ? readonly [N]
        : MatmulError<A, B>
      : Shape
  : A extends readonly [infer M extends number, infer K extends number]
    ? B extends readonly [infer L extends number]
      ? Compatible<K, L> extends true
        ? readonly [M]
        : MatmulError<A, B>
      : B extends readonly [infer L extends number, infer N extends number]
        ? Compatible<K, L> extends true
          ? readonly [M, N]
          : MatmulError<A, B>
        : Shape
    : Shape;

type ProductOf<S extends Shape> = S extends readonly []
  ? 1
  : S extends readonly [infer D extends number]
    ? D
    : number;

/** The target shape of a reshape, or an error if the numbers of elements are known to differ. */
export type Reshape<A extends Shape, B extends Shape> = number extends A["length"]
  ? B
  : Compatible<ProductOf<A>, ProductOf<B>> extends true
    ? B
    : ShapeError<`reshape: ${ShowShape<A>} does not have the elements of ${ShowShape<B>}`>;

/** The shape with its axes reversed. */
export type Reversed<S extends Shape> = S extends readonly [
  infer D extends number,
  ...infer Rest extends Shape,
]
  ? readonly [...Reversed<Rest>, D]
  : number extends S["length"]
    ? Shape
    : readonly [];

/** The shape after a reduction over all axes (no `axis`), the last or the first; others widen to `Shape`. */
export type Reduced<S extends Shape, Axis> = [Axis] extends [undefined]
  ? readonly []
  : number extends S["length"]
    ? Shape
    : Axis extends -1
      ? S extends readonly [...infer Front extends Shape, number]
        ? readonly [...Front]
        : ShapeError<"a scalar has no last axis to reduce">
      : Axis extends 0
        ? S extends readonly [number, ...infer Back extends Shape]
          ? readonly [...Back]
          : ShapeError<"a scalar has no first axis to reduce">
        : Shape;

/** `unknown` for a scalar, or a {@link ShapeError} that says what was given instead. */
export type Scalar<Y, Op extends string> =
  Y extends Expr<infer S>
    ? S extends readonly []
      ? unknown
      : number extends S["length"]
        ? unknown
        : ShapeError<`${Op}: the function must return a scalar, not shape ${ShowShape<S>}`>
    : ShapeError<`${Op}: the function must return a scalar expression`>;
