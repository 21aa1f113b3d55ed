import type { Shape } from "../../tensor/shape.ts";
import type { Padding, PerAxis } from "../functional/geometry.ts";
import type { Counted, Divided, Division, Units } from "./digits.ts";

/** The extents after sliding windows, computed in types where everything is literal. */

/** The geometry of sliding windows, in types. */
export interface Slides {
  readonly size: PerAxis;
  readonly stride: PerAxis;
  readonly padding: Padding;
  readonly dilation: PerAxis;
}

/** The effect of a layer on a shape, as far as its input and output types do not show it. */
export type Move =
  /** Windows slide over the positions, and the output type of the layer gives the channels. */
  | { readonly windows: Slides }
  /** Windows slide over the positions of each channel. */
  | { readonly pools: Slides }
  /** The output has the given extents, and the channels stay. */
  | { readonly places: PerAxis }
  /** Only the channels stay. */
  | "channels"
  /** The positions stay, whatever their extents. */
  | "kept"
  /** The first axis has at most the given extent. */
  | { readonly atMost: number };

/** Tells types what a layer does to shapes; the property never exists at run time. */
export interface Moves<M> {
  readonly moves?: M;
}

/** Marks an extent that no window fits into. */
type Small = "small";

/** The number of windows, `⌊T/S⌋ + 1`, where `T` is the extent minus the reach of a window. */
type Windows<T extends Units, S extends Units> =
  Division<`${T["length"]}`, S> extends Divided<infer Q, infer _R>
    ? Q extends `${infer N extends number}`
      ? Counted<N> extends infer U extends Units
        ? (readonly [...U, 0])["length"]
        : number
      : number
    : number;

type Padded<N extends Units, P extends Padding> = [P] extends ["valid"]
  ? N
  : [P] extends [number]
    ? Counted<P> extends infer U extends Units
      ? readonly [...N, ...U, ...U]
      : undefined
    : undefined;

/** The number of windows with `"same"` padding, `⌈N/S⌉`. */
type Same<N extends Units, S extends Units> = S extends readonly [unknown, ...infer Less]
  ? readonly [...N, ...Less] extends readonly [...S, ...infer Rest]
    ? Windows<Rest, S>
    : 0
  : number;

type Extent<N extends number, K extends number, S extends number, P extends Padding, D> =
  Counted<N> extends infer U extends Units
    ? Counted<K> extends infer H extends Units
      ? Counted<S> extends infer T extends readonly [unknown, ...Units]
        ? [P] extends ["same"]
          ? Same<U, T>
          : D extends 1
            ? Padded<U, P> extends infer All extends Units
              ? All extends readonly [...H, ...infer Rest]
                ? Windows<Rest, T>
                : Small
              : number
            : number
        : number
      : number
    : number;

/** The number of one axis, from one number for all axes or one for each. */
type Along<X extends PerAxis, I> = X extends number ? X : I extends keyof X ? X[I] : number;
type Numeric<X> = X extends number ? X : number;

/** The extents after sliding windows. */
type Slid<X extends Shape, W extends Slides> = {
  readonly [I in keyof X]: Extent<
    X[I],
    Numeric<Along<W["size"], I>>,
    Numeric<Along<W["stride"], I>>,
    W["padding"],
    W["dilation"]
  >;
};

/** The extents `K` for each axis of `X`. */
type Placed<X extends Shape, K extends PerAxis> = {
  readonly [I in keyof X]: Numeric<Along<K, I>>;
};

type Places<X extends Shape> = X extends readonly [...infer P extends Shape, number] ? P : Shape;
type Channels<X extends Shape> = X extends readonly [...Shape, infer C extends number] ? C : number;

type Longer<N extends number, L extends number> =
  Counted<N> extends infer U extends Units
    ? Counted<L> extends infer M extends Units
      ? U extends readonly [...M, unknown, ...Units]
        ? true
        : false
      : false
    : false;

/**
 * The output shape of a layer with declared output `O` and move `M` for an input shape `X` of known rank; a string that
 * says what is wrong if the layer does not take it.
 */
export type Moved<X extends Shape, O extends Shape, M> = number extends X["length"]
  ? O
  : M extends { readonly windows: infer W extends Slides }
    ? Fitting<Slid<Places<X>, W>, Channels<O>>
    : M extends { readonly pools: infer W extends Slides }
      ? Fitting<Slid<Places<X>, W>, Channels<X>>
      : M extends { readonly places: infer K extends PerAxis }
        ? readonly [...Placed<Places<X>, K>, Channels<X>]
        : M extends "kept"
          ? readonly [...Places<X>, Channels<O>]
          : M extends "channels"
            ? readonly [Channels<X>]
            : M extends { readonly atMost: infer L extends number }
              ? X extends readonly [infer N extends number, ...Shape]
                ? Longer<N, L> extends true
                  ? `no more than ${L} positions`
                  : O
                : O
              : O;

type Fitting<P, C extends number> = P extends Shape ? readonly [...P, C] : "no room for a window";
