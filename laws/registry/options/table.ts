import type { Expr } from "../../../src/ir/expr.ts";
import type { Continuation } from "../../../src/nn/generate/decoder.ts";
import type * as initializers from "../../../src/nn/initializers.ts";
import type { Composable } from "../../../src/nn/layer.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Option, Range } from "../../options.ts";

/** The numeric options of a type, including those of a union with a number. */
type Numeric<T> = {
  [K in keyof T]-?: Extract<T[K], number> extends never ? never : K;
}[keyof T];

/** Types whose numeric fields are not options. */
type NotOptions =
  | string
  | number
  | Expr
  | Tensor
  | ArrayLike<unknown>
  | Continuation<never>
  | Continuation<unknown>
  | initializers.Fan;

type NumericOf<P> = P extends readonly [infer H, ...infer T]
  ? (H extends NotOptions ? never : Numeric<H>) | NumericOf<T>
  : never;

/** The names of numeric fields in the options that a function takes. */
export type OptionNames<F> = F extends (...args: infer P) => unknown
  ? Extract<NumericOf<Required<P>>, string>
  : never;

export type Use = readonly [Range, Option["use"]];

/** The numeric options of each function of a module. A missing option does not compile. */
export type OptionTable<Module> = {
  readonly [Name in keyof Module]: { readonly [K in OptionNames<Module[Name]>]: Use } & {
    readonly [positional: string]: Use;
  };
};

/** A layer made without options, the same with its documented defaults, and the shape of an example. */
export type DefaultCase = readonly [without: Composable, given: Composable, shape: Shape];

/** The functions of a module with an options object that contains numbers. A missing one does not compile. */
export type Defaults<Module> = {
  readonly [Name in keyof Module as OptionNames<Module[Name]> extends never
    ? never
    : Name]: DefaultCase;
};
