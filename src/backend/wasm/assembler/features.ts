/** The features of this process's WebAssembly engine, found by validating a minimal module for each. */
import { atomic } from "./atomic.ts";
import type { Body } from "./body.ts";
import { engine } from "./engine.ts";
import { type MemoryLimits, moduleBuilder } from "./module.ts";
import { f32x4 } from "./simd.ts";

export interface Features {
  /** A missing feature that every module needs; `undefined` if there is none. */
  readonly missing: string | undefined;
  /** `f32x4.relaxed_madd` and its kin. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomics. */
  readonly threads: boolean;
}

const validates = (limits: MemoryLimits, write: (body: Body) => void): boolean => {
  const probe = moduleBuilder();
  probe.memory(limits);
  probe.func("probe", [], "void", write);
  return engine.validate(probe.encode());
};

/**
 * Whether the engine may compile. Under some content policies a page's engine validates modules that it refuses to
 * compile.
 */
const mayCompile = (): boolean => {
  try {
    new engine.Module(moduleBuilder().encode());
    return true;
  } catch {
    return false;
  }
};

const zero = f32x4.const(0);

const missing = (): string | undefined => {
  if (!mayCompile()) return "'wasm-unsafe-eval' in the script-src of its content policy";
  const simd = validates({ initial: 1 }, (body) => body.drop(f32x4.add(zero, zero)));
  return simd ? undefined : "128-bit SIMD in its WebAssembly";
};

const found = (): Features => {
  if (engine === undefined) return { missing: "WebAssembly", relaxedSimd: false, threads: false };
  return {
    missing: missing(),
    relaxedSimd: validates({ initial: 1 }, (body) =>
      body.drop(f32x4.relaxed_madd(zero, zero, zero)),
    ),
    threads: validates({ initial: 1, maximum: 1, shared: true }, (body) =>
      body.drop(atomic.load(0)),
    ),
  };
};

/** Cached for the process, whose engine never changes. */
let known: Features | undefined;

/** The features of the engine, detected at the first call. */
export const features = (): Features => {
  known ??= found();
  return known;
};
