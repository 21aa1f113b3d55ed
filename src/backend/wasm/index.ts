import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Backend, type CompileOptions } from "../backend.ts";
import type { Features } from "./assembler/index.ts";
import { compileProgram } from "./compile.ts";
import { executable } from "./run.ts";

/**
 * How a program becomes a module, in the order of the files: `sums`, `residuals` and `patches` take from
 * loops what need not be there and let parts lie side by side; `recompute` makes anew what is cheaper made
 * than kept, and `joins` finds what can be written where it ends up. `scope` says of each value where it is read
 * (rearrangements are views, in `view`); `fuse` groups the nodes that share a loop; `region` orders the
 * groups and decides what is written in place; `lowering` and `kernels/` make steps of them, of which a
 * loop's body is data (`fused`); `memory` plans an address for every buffer; `module` writes the code;
 * `run` copies in and out.
 */

/** The backend as it is where WebAssembly has these features. */
export const wasmWith = (available?: Features): Layer.Layer<Backend> =>
  Layer.succeed(Backend, {
    name: "wasm",
    compile: (program, options: CompileOptions = {}) =>
      Effect.map(compileProgram(program, options, available), (compiled) =>
        executable(program, compiled, options.carried ?? 0),
      ),
  });

/**
 * The fast backend: a program becomes one WebAssembly module with planned memory, element-wise work fused
 * into loops of vector instructions, and its state kept in that memory from step to step.
 *
 * **Fails with** `CompileError`, `MemoryLimit`; `BackendUnavailable` where there are no vector instructions.
 * **Laws** every program gives what the reference backend gives, to the rounding of its dtypes.
 */
export const layerWasm: Layer.Layer<Backend> = wasmWith();
