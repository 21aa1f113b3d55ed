import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Backend, type CompileOptions } from "../backend.ts";
import { compileProgram } from "./compile.ts";
import { executable } from "./run.ts";

/**
 * The fast backend: a program becomes one WebAssembly module with planned memory, element-wise work fused
 * into loops of vector instructions, and its state kept in that memory from step to step.
 *
 * **Fails with** `CompileError`, `MemoryLimit`; `BackendUnavailable` where there are no vector instructions.
 * **Laws** every program gives what the reference backend gives, to the rounding of its dtypes.
 */
export const layerWasm: Layer.Layer<Backend> = Layer.succeed(Backend, {
  name: "wasm",
  compile: (program, options: CompileOptions = {}) =>
    Effect.map(compileProgram(program, options), (compiled) =>
      executable(program, compiled, options.carried ?? 0),
    ),
});
