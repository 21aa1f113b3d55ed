/**
 * Elementary functions as vector code, written inline or as functions of the module.
 *
 * `vectorMath.exp.write(site, x)` writes `exp` of the four f32 in `x` inline, with its constants hoisted to the entry
 * of the current function. Use it inside loops: it is the fastest. `mathFunctions(module, relaxed)("exp")` is a
 * function of the module, made at its first use. Each function is accurate to 2 units in the last place, and exact at
 * ±0, subnormals, ±∞ and NaN.
 *
 * Double precision has no vector form: `scalarMath` holds the JavaScript functions that a module imports from `"math"`.
 * Rare arguments (sines beyond 2²⁰, powers of zero) use the same imports, so every module is instantiated with `{ math:
 * scalarMath }`.
 */
import { erf as erfDouble, erfInv } from "../../../../tensor/special.ts";
import type { Fn, Local, ModuleBuilder } from "../../assembler/index.ts";
import type { Site, Vector } from "./arithmetic.ts";
import { acos, asin, atan, atan2, cos, pow, sin, tan } from "./double.ts";
import { erf, exp, expm1, logistic, tanh } from "./exponential.ts";
import { log, log1p } from "./logarithm.ts";

export type { Site, Vector } from "./arithmetic.ts";

type Name = Local<"v128">;

export type VectorMath =
  | { readonly arity: 1; readonly write: (site: Site, x: Name) => Vector }
  | { readonly arity: 2; readonly write: (site: Site, x: Name, y: Name) => Vector };

const unary = (write: (site: Site, x: Name) => Vector) => ({ arity: 1, write }) as const;
const binary = (write: (site: Site, x: Name, y: Name) => Vector) => ({ arity: 2, write }) as const;

/** Functions of four f32, by name. Arguments are locals, because the code reads them several times. */
export const vectorMath = {
  exp: unary(exp),
  expm1: unary(expm1),
  log: unary(log),
  log1p: unary(log1p),
  sin: unary(sin),
  cos: unary(cos),
  tan: unary(tan),
  asin: unary(asin),
  acos: unary(acos),
  atan: unary(atan),
  tanh: unary(tanh),
  logistic: unary(logistic),
  erf: unary(erf),
  pow: binary(pow),
  atan2: binary(atan2),
} as const satisfies { readonly [name: string]: VectorMath };

export type VectorMathName = keyof typeof vectorMath;

/** `1 / (1 + e⁻ˣ)` in double precision, with an accurate lower tail. */
export const logisticDouble = (x: number): number => {
  const decay = Math.exp(-Math.abs(x));
  return (x < 0 ? decay : 1) / (1 + decay);
};

/** Functions of f64 that modules import from `"math"`, by name: first those of one argument, then those of two. */
export const scalarMath = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  logistic: logisticDouble,
  erf: erfDouble,
  erfInv,
  pow: Math.pow,
  atan2: Math.atan2,
} as const satisfies {
  readonly [name: string]: (...values: never[]) => number;
};

export type ScalarMathName = keyof typeof scalarMath;

/** Functions that a module imports from `"math"`: `fmod` beside those of `scalarMath`. */
export type ImportedName = ScalarMathName | "fmod";

/** The origin of each imported function in workers. A missing entry does not compile. */
export const inWorkers = {
  exp: "engine",
  expm1: "engine",
  log: "engine",
  log1p: "engine",
  sin: "engine",
  cos: "engine",
  tan: "engine",
  asin: "engine",
  acos: "engine",
  atan: "engine",
  sinh: "engine",
  cosh: "engine",
  tanh: "engine",
  asinh: "engine",
  acosh: "engine",
  atanh: "engine",
  logistic: "sent",
  erf: "absent",
  erfInv: "absent",
  pow: "sent",
  atan2: "engine",
  fmod: "sent",
} as const satisfies {
  readonly [N in ImportedName]:
    | (N extends keyof Math ? "engine" : never)
    /** Its text, which needs nothing else, is part of the worker's program. */
    | "sent"
    /** It calls functions of fluxion: kernels that import it stay on the main thread. */
    | "absent";
};

/** The imported functions that workers take from one place. */
export type InWorkers<Place extends "engine" | "sent" | "absent"> = {
  [N in ImportedName]: (typeof inWorkers)[N] extends Place ? N : never;
}[ImportedName];

/** Imports the f64 function `name` into `module`. */
export const scalarMathFunction = (
  module: ModuleBuilder,
  name: ScalarMathName,
): Fn<readonly "f64"[], "f64"> =>
  module.importFunction(
    "math",
    name,
    Array.from({ length: scalarMath[name].length }, () => "f64" as const),
    "f64",
  );

/** The vector functions of one module, each written at its first use. */
export const mathFunctions = (
  module: ModuleBuilder,
  relaxed: boolean,
): ((name: VectorMathName) => Fn<readonly "v128"[], "v128">) => {
  const made = new Map<VectorMathName, Fn<readonly "v128"[], "v128">>();
  const make = (name: VectorMathName): Fn<readonly "v128"[], "v128"> => {
    const math: VectorMath = vectorMath[name];
    return math.arity === 1
      ? module.func(name, ["v128"], "v128", (body, x) => math.write({ module, body, relaxed }, x))
      : module.func(name, ["v128", "v128"], "v128", (body, x, y) =>
          math.write({ module, body, relaxed }, x, y),
        );
  };
  return (name) => {
    const fn = made.get(name) ?? make(name);
    made.set(name, fn);
    return fn;
  };
};
