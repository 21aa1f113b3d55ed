import type { Body, Code, Fn, ModuleBuilder, ValueType } from "../../assembler/index.ts";
import type { ScalarMathName, VectorMathName } from "../math/index.ts";

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
