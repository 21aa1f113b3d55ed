import type { Binary, Bitwise, Comparison, Control, Unary } from "../../../../ir/expr.ts";
import type { Dtype } from "../../../../tensor/dtype.ts";
import type { Body, Code, Fn, ModuleBuilder, ValueType } from "../../assembler/index.ts";
import type { ScalarMathName, VectorMathName } from "../math/index.ts";

/** The primitives that work on each element alone, and so can share a loop. */
export type Pointwise =
  | keyof Unary
  | keyof Binary
  | keyof Bitwise
  | keyof Comparison
  | keyof Pick<Control, "select" | "cast">;

/**
 * One step of a loop's body: a primitive, the dtype of its first value operand, the dtype of its
 * result, and which earlier values it takes.
 */
export interface Operation {
  readonly primitive: Pointwise;
  readonly operand: Dtype;
  readonly dtype: Dtype;
  readonly arguments: readonly number[];
}

/** Where the code of a loop's body is written, and the functions that it may call. */
export interface Site {
  readonly body: Body;
  readonly module: ModuleBuilder;
  readonly relaxed: boolean;
  /** A function of four f32. */
  readonly vector: (name: VectorMathName) => Fn<readonly "v128"[], "v128">;
  /** A function of f64, JavaScript's own. */
  readonly scalar: (name: ScalarMathName | "fmod") => Fn<readonly "f64"[], "f64">;
}

/**
 * A value of a loop's body, already named: a scalar in the type of its dtype, or a vector of four lanes.
 * It may be used repeatedly.
 */
export type Value = Code<ValueType>;
