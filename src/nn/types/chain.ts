import type { ShapeError, ShowShape } from "../../ir/types/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Activation, Composable, Initial, Layer, SameLayer } from "../layer.ts";
import type { Units } from "./digits.ts";
import type { Moved, Moves } from "./extent.ts";

/** The type of the params of a layer, from its `init`; an activation has none. */
export type ParamsOf<L> = L extends {
  readonly init: (key: never) => Initial<infer P, unknown>;
}
  ? P
  : undefined;

/** The type of the state of a layer, from its `init`. */
export type StateOf<L> = L extends {
  readonly init: (key: never) => Initial<unknown, infer S>;
}
  ? S
  : undefined;

/** The types of the params of several layers, as a tuple. */
export type ParamsEach<Ls extends readonly Composable[]> = {
  readonly [K in keyof Ls]: ParamsOf<Ls[K]>;
};

/** The types of the state of several layers, as a tuple. */
export type StateEach<Ls extends readonly Composable[]> = {
  readonly [K in keyof Ls]: StateOf<Ls[K]>;
};

/** Stands for a shape that is still open: a {@link SameLayer} takes and gives it. */
export interface Unchanged {
  readonly shape: "unchanged";
}

type SameExtent<X, Y> = X extends 0
  ? Y extends 0
    ? true
    : false
  : number extends X
    ? true
    : number extends Y
      ? true
      : X extends Y
        ? true
        : false;

/**
 * Whether a given shape `A` may fit an expected shape `B`. Dynamic extents and ranks are checked when a program is
 * compiled. An extent of 0 fits only 0: layers that take any number of time steps need at least one.
 */
export type Meets<A extends Shape, B extends Shape> = number extends A["length"] | B["length"]
  ? true
  : A extends readonly [infer X, ...infer As extends Shape]
    ? B extends readonly [infer Y, ...infer Bs extends Shape]
      ? SameExtent<X, Y> extends true
        ? Meets<As, Bs>
        : false
      : false
    : B extends readonly []
      ? true
      : false;

/** The input and output shape of a chain, and whether it keeps the extents before the channels. */
export interface Span<I, O, Kept = unknown> {
  readonly takes: I;
  readonly gives: O;
  readonly kept: Kept;
}

/** The number of the next layer, counted from 1. */
type Count<Seen extends readonly unknown[]> = readonly [...Seen, unknown] extends {
  readonly length: infer N;
}
  ? N
  : never;

type Misfit<I extends Shape, O extends Shape, Taker, Giver> = Taker extends number
  ? Giver extends number
    ? ShapeError<`layer ${Taker} takes ${ShowShape<I>}, but layer ${Giver} gives ${ShowShape<O>}`>
    : never
  : never;

type NoRoom<X extends Shape, Why extends string, Taker> = Taker extends number
  ? ShapeError<`layer ${Taker} has ${Why}, but is given ${ShowShape<X>}`>
  : never;

/** The move that the type of a layer declares, or `undefined`. */
export type MoveOf<L> = L extends Moves<infer M> ? M : undefined;

/**
 * Folds over a chain of layers in one pass. It keeps the layers so far, the first input shape, the last output shape, the
 * number of the layer that gave it, and whether positions were kept. Long networks are checked in linear time.
 */
type Fold<Ls, Seen extends readonly unknown[], First, Last, Giver, Kept> = Ls extends readonly [
  infer L,
  ...infer Rest,
]
  ? L extends SameLayer<infer _P, infer _S> | Activation
    ? Fold<Rest, readonly [...Seen, L], First, Last, Giver, Kept>
    : L extends Layer<infer I, infer O, infer _P, infer _S>
      ? Last extends Shape
        ? Meets<Last, I> extends true
          ? "moves" extends keyof L
            ? FoldMoved<Rest, Seen, First, Last, L, O, Kept>
            : Fold<Rest, readonly [...Seen, L], First, O, Count<Seen>, false>
          : readonly [...Seen, Misfit<I, Last, Count<Seen>, Giver>, ...Rest]
        : Fold<Rest, readonly [...Seen, L], I, O, Count<Seen>, Keeps<L>>
      : never
  : Span<First, Last, Kept>;

/** Whether a layer keeps the extents before the channels. */
type Keeps<L> = "moves" extends keyof L ? (MoveOf<L> extends "kept" ? true : false) : false;

type FoldMoved<
  Rest,
  Seen extends readonly unknown[],
  First,
  Last extends Shape,
  L,
  O extends Shape,
  Kept,
> =
  Moved<Last, O, MoveOf<L>> extends infer Next
    ? Next extends string
      ? readonly [...Seen, NoRoom<Last, Next, Count<Seen>>, ...(Rest extends Units ? Rest : [])]
      : Fold<
          Rest,
          readonly [...Seen, L],
          First,
          Next,
          Count<Seen>,
          Keeps<L> extends true ? Kept : false
        >
    : never;

/** The span of a chain. If two layers do not fit, it is the chain with a `ShapeError` in place of the second. */
export type Chain<Ls extends readonly Composable[]> = number extends Ls["length"]
  ? Span<Shape, Shape>
  : Fold<Ls, readonly [], Unchanged, Unchanged, 0, true>;

/** The chain itself if its layers fit: the type of the arguments of a combinator. */
export type Meeting<Ls extends readonly Composable[]> =
  Chain<Ls> extends infer C extends readonly unknown[] ? C : Ls;

/** The layer with params `P` and state `S` and the input and output shapes of a chain. */
export type Spanning<C, P, S> =
  C extends Span<infer I extends Shape, infer O extends Shape, infer Kept>
    ? Kept extends true
      ? Layer<I, O, P, S> & Moves<"kept">
      : Layer<I, O, P, S>
    : SameLayer<P, S>;

/** The type of several layers in sequence. */
export type Sequential<Ls extends readonly Composable[]> = Spanning<
  Chain<Ls>,
  ParamsEach<Ls>,
  StateEach<Ls>
>;

/** The span of one layer. */
export type SpanOf<L extends Composable> = Chain<readonly [L]>;

/** A layer with the shapes of `L`, but with other params and state. */
export type Like<L extends Composable, P = ParamsOf<L>, S = StateOf<L>> = Spanning<SpanOf<L>, P, S>;

/** `unknown` if the output shape of a layer fits its input shape, else a `ShapeError`. */
export type Endo<L extends Composable, Op extends string> =
  SpanOf<L> extends Span<infer I extends Shape, infer O extends Shape>
    ? Meets<O, I> extends true
      ? unknown
      : ShapeError<`${Op}: the layer must give the shape that it takes, but takes ${ShowShape<I>} and gives ${ShowShape<O>}`>
    : unknown;
