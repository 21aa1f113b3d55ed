/**
 * A small typed assembler for WebAssembly: code is built from immutable values and encoded at the end.
 *
 * **Values.** An instruction is a function under its name in the text format, and applying it makes
 * a `Code<T>`: code that leaves a `T` (`i32`, `i64`, `f32`, `f64`, `v128`, `void`) on the stack.
 * They nest like arithmetic, and plain numbers stand for constants:
 * `f32x4.add(v128.load(x, 16), f32x4.splat(2))`. Loads and stores take
 * `(address, [value,] offset = 0)`. A value used twice is computed twice; name it with `body.let`.
 *
 * **Bodies.** `module.func(name, params, result, (body, ...params) => result)` opens a body, and its
 * methods append statements in order: `do`, `set`, `drop`, `if`, `for`, `loop`, `block`, `br`,
 * `brIf`, `switch`, `return`. Parameters and `body.local(type)` are `Local<T>`: as code they are
 * their value; `x.set(value)` and `x.tee(value)` assign. `body.let(value)` evaluates once, here;
 * `body.hoist(value)` evaluates once at entry, and equal values share a local. **Hoist vector
 * constants**: inside loops an inline `v128.const` costs more than the arithmetic around it.
 *
 * **Modules.** `moduleBuilder()` collects `importMemory`, `memory`, `importFunction`, `func`,
 * `export`, `global`, `data` (placed when instantiated) and `passive` (copied by `init`); `encode()`
 * answers the bytes. Functions may be imported or defined in any order; `call(fn, ...values)`
 * applies them.
 *
 * **Example**
 * ```ts
 * import type { WasmFunction, WasmMemory } from "./index.ts";
 *
 * const m = moduleBuilder();
 * m.memory({ initial: 1 }, "memory");
 * m.export(
 *   "scale",
 *   m.func("scale", ["i32", "i32", "f32"], "void", (body, x, bytes, factor) => {
 *     const k = body.hoist(f32x4.splat(factor));
 *     body.for(0, bytes, 16, (i) => {
 *       const at = body.let(i32.add(x, i));
 *       body.do(v128.store(at, f32x4.mul(v128.load(at), k)));
 *     });
 *   }),
 * );
 * const { exports } = new engine.Instance(new engine.Module(m.encode()));
 * const numbers = new Float32Array((exports.memory as WasmMemory).buffer, 0, 4);
 * numbers.set([1, 2, 3, 4]);
 * (exports.scale as WasmFunction)(0, 16, 2.5);
 * [...numbers]; // => [2.5, 5, 7.5, 10]
 * ```
 */

export { atomic } from "./atomic.ts";
export type { Body, Label, Local } from "./body.ts";
export {
  type Code,
  code,
  lift,
  type Operand,
  type Part,
  type Reference,
  type ResultType,
  type ValueType,
} from "./code.ts";
export { countable, counterLimit, longest, longestInBytes, Uncountable } from "./count.ts";
export {
  engine,
  type WasmExports,
  type WasmFunction,
  type WasmImport,
  type WasmMemory,
  type WasmModule,
} from "./engine.ts";
export { type Features, features } from "./features.ts";
export {
  call,
  type Fn,
  type Global,
  type Locals,
  type MemoryLimits,
  type ModuleBuilder,
  moduleBuilder,
  type Passive,
  type Values,
} from "./module.ts";
export { f32, f64, i32, i64, memory, select } from "./scalar.ts";
export { f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, v128 } from "./simd.ts";
