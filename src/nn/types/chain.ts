import type { ShapeError, ShowShape } from "../../ir/types/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Activation, Composable, Initial, Layer, SameLayer } from "../layer.ts";
import type { Units } from "./digits.ts";
import type { Moved, Moves } from "./extent.ts";

/** The params that a layer's `init` makes; an activation has none. */
export type ParamsOf<L> = L extends {
  readonly init: (key: never) => Initial<infer P, unknown>;
}
  ? P
  : undefined;

/** The state that a layer's `init` makes. */
export type StateOf<L> = L extends {
  readonly init: (key: never) => Initial<unknown, infer S>;
}
  ? S
  : undefined;

/** The params of each of several layers. */
export type ParamsEach<Ls extends readonly Composable[]> = {
  readonly [K in keyof Ls]: ParamsOf<Ls[K]>;
};

/** The state of each of several layers. */
export type StateEach<Ls extends readonly Composable[]> = {
  readonly [K in keyof Ls]: StateOf<Ls[K]>;
};

/** Stands for a shape that nothing has fixed yet: what a {@link SameLayer} takes and gives. */
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
 * Whether a shape that is given may be one that is taken: dynamic extents and ranks are checked when a program is
 * compiled. An extent of 0 is none: layers that take any number of moments take some.
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

/** The shape that a chain takes, the shape that it gives, and whether places stay, however many there are. */
export interface Span<I, O, Kept = unknown> {
  readonly takes: I;
  readonly gives: O;
  readonly kept: Kept;
}

/** The number of layers with one more than those seen. */
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

/** What a layer's type tells of how it moves shapes. */
export type MoveOf<L> = L extends Moves<infer M> ? M : undefined;

/**
 * One pass along a chain that remembers the layers seen, the shape taken first, the shape given last,
 * how many layers there were when it was given, and whether places stayed. One step for each layer, so that
 * types of long networks are checked in linear time.
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

/** Whether a layer leaves places as they are. */
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

/** What a chain takes and gives; where two layers do not meet, the chain with a `ShapeError` in the second's place. */
export type Chain<Ls extends readonly Composable[]> = number extends Ls["length"]
  ? Span<Shape, Shape>
  : Fold<Ls, readonly [], Unchanged, Unchanged, 0, true>;

/** The chain itself where its layers meet: what a combinator declares its arguments to be. */
export type Meeting<Ls extends readonly Composable[]> =
  Chain<Ls> extends infer C extends readonly unknown[] ? C : Ls;

/** The layer with given params and state that takes and gives what a chain does. */
export type Spanning<C, P, S> =
  C extends Span<infer I extends Shape, infer O extends Shape, infer Kept>
    ? Kept extends true
      ? Layer<I, O, P, S> & Moves<"kept">
      : Layer<I, O, P, S>
    : SameLayer<P, S>;

/** The one layer that several are, one after the other. */
export type Sequential<Ls extends readonly Composable[]> = Spanning<
  Chain<Ls>,
  ParamsEach<Ls>,
  StateEach<Ls>
>;

/** What one layer takes and gives. */
export type SpanOf<L extends Composable> = Chain<readonly [L]>;

/** A layer that does to shapes what `L` does, with other params and state. */
export type Like<L extends Composable, P = ParamsOf<L>, S = StateOf<L>> = Spanning<SpanOf<L>, P, S>;

/** `unknown` where a layer gives the shape that it takes. */
export type Endo<L extends Composable, Op extends string> =
  SpanOf<L> extends Span<infer I extends Shape, infer O extends Shape>
    ? Meets<O, I> extends true
      ? unknown
      : ShapeError<`${Op}: the layer must give the shape that it takes, but takes ${ShowShape<I>} and gives ${ShowShape<O>}`>
    : unknown;
