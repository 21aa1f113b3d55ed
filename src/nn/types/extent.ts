import type { Shape } from "../../tensor/shape.ts";
import type { Padding, PerAxis } from "../functional/geometry.ts";
import type { Counted, Divided, Division, Units } from "./digits.ts";

/** What types know of the extents that sliding windows leave: where everything is literal, the arithmetic. */

/** How windows slide, as types know it. */
export interface Slides {
  readonly size: PerAxis;
  readonly stride: PerAxis;
  readonly padding: Padding;
  readonly dilation: PerAxis;
}

/** What a layer does to a shape, where that is more than its own type says. */
export type Move =
  /** Windows slide over the places, and the channels are those that the layer says. */
  | { readonly windows: Slides }
  /** Windows slide over the places, channel by channel. */
  | { readonly pools: Slides }
  /** There are as many places as is said, and the channels stay. */
  | { readonly places: PerAxis }
  /** The channels alone stay. */
  | "channels"
  /** The places stay, whatever they are. */
  | "kept"
  /** The shape is taken where it has so many items along its first axis, and not more. */
  | { readonly atMost: number };

/** Tells types how a layer moves shapes; no layer has the property. */
export interface Moves<M> {
  readonly moves?: M;
}

/** `"small"` stands for the extent of what no window fits into. */
type Small = "small";

/** `⌊T/S⌋ + 1` windows, where `T` is what a first window leaves. */
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

/** `⌈N/S⌉`: one window for each step. */
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

/** A number for an axis of one for all, or one for each. */
type Along<X extends PerAxis, I> = X extends number ? X : I extends keyof X ? X[I] : number;
type Numeric<X> = X extends number ? X : number;

/** The extents that windows leave of some. */
type Slid<X extends Shape, W extends Slides> = {
  readonly [I in keyof X]: Extent<
    X[I],
    Numeric<Along<W["size"], I>>,
    Numeric<Along<W["stride"], I>>,
    W["padding"],
    W["dilation"]
  >;
};

/** Places of so many extents as `X` has, each as is said. */
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
 * What a layer of shape `O` gives for a shape `X` of known rank, with the move that its type tells; a string that
 * says what is wrong, where it does not take it.
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
