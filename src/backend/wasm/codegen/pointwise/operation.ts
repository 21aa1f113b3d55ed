import type { Body, Code, Fn, ModuleBuilder, ValueType } from "../../assembler/index.ts";
import type { ScalarMathName, VectorMathName } from "../math/index.ts";

/** The place where the code of a loop's body is written, and the functions that it may call. */
export interface Site {
  readonly body: Body;
  readonly module: ModuleBuilder;
  readonly relaxed: boolean;
  /** The function of four f32 of a given name. */
  readonly vector: (name: VectorMathName) => Fn<readonly "v128"[], "v128">;
  /** The function of one f64 of a given name, which JavaScript supplies. */
  readonly scalar: (name: ScalarMathName | "fmod") => Fn<readonly "f64"[], "f64">;
}

/**
 * A value of a loop's body, already named, so that it can be used repeatedly: a scalar in the type of its dtype, or a
 * vector of four lanes.
 */
export type Value = Code<ValueType>;
