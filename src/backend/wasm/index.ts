import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { InvalidArgument } from "../../errors.ts";
import { Backend, type CompileOptions } from "../backend.ts";
import type { Features } from "./assembler/index.ts";
import { compileProgram } from "./compile.ts";
import { executable } from "./executable.ts";
import { mostThreads } from "./threads/barrier.ts";
import { mayThread, threadsOf } from "./threads/index.ts";
import { leastShared } from "./threads/schedule.ts";

/**
 * How a program becomes a module, in the order of the files: `sums`, `residuals` and `patches` take from
 * loops what need not be there and let parts lie side by side; `recompute` makes anew what is cheaper made
 * than kept, and `joins` finds what can be written where it ends up. `scope` says of each value where it is read
 * (rearrangements are views, in `view`); `fuse` groups the nodes that share a loop; `region` orders the
 * groups and decides what is written in place; `lowering` and `kernels/` make steps of them, of which a
 * loop's body is data (`fused`); `memory` plans an address for every buffer; `module` writes the code;
 * `run` copies in and out, and `threads/` is how several threads do it together.
 */

export interface WasmOptions {
  /**
   * How many threads run a program together; each of its results has the same bits for every number. Where nothing
   * is said, one and two threads, and so on up to one for each core, are tried while the program runs, and what
   * was quickest is kept; programs of little work stay on one thread, and so does everything where memory
   * cannot be shared (a page that is not isolated from other origins).
   */
  readonly threads?: number;
}

/** Kernels that take so many nanoseconds are shared. */
interface Sharing {
  readonly shareFrom: number;
}

/** `shareFrom: 0` shares whatever can be shared, however little it is, which is for tests. */
export const backendOf = (
  { threads: wanted }: WasmOptions,
  { shareFrom }: Sharing = { shareFrom: leastShared },
  available?: Features,
): Backend["Service"] => ({
  name: "wasm",
  compile: (program, options: CompileOptions = {}) => {
    const threads = threadsOf(options.threads ?? wanted);
    return Effect.map(
      compileProgram(program, options, mayThread(threads) ? shareFrom : undefined, available),
      (compiled) => executable(program, compiled, options.carried ?? 0, threads),
    );
  },
});

const checked = (threads: number): number => {
  if (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads) return threads;
  throw new InvalidArgument({
    op: "Backend.layerWasmWith",
    argument: "threads",
    expected: `a whole number from 1 to ${mostThreads}`,
    actual: String(threads),
  });
};

/** The backend as it is where WebAssembly has these features. */
export const wasmWith = (available: Features): Layer.Layer<Backend> =>
  Layer.succeed(Backend, backendOf({}, undefined, available));

/**
 * The fast backend: a program becomes one WebAssembly module with planned memory, element-wise work fused
 * into loops of vector instructions, and its state kept in that memory from step to step.
 *
 * It runs on as many threads as pay, found out while it runs; see {@link WasmOptions}. A page's main thread may not
 * sleep while it waits for the others: train in a Web Worker.
 *
 * **Fails with** `CompileError`, `MemoryLimit`; `BackendUnavailable` where there are no vector instructions;
 * a run throws `WorkerLost` where a worker ends or does not answer, and `MemoryLimit` where the machine does not
 * give the memory that the program may use.
 * **Laws** every program gives what the reference backend gives, to the rounding of its dtypes, and the same
 * bits on every number of threads.
 */
export const layerWasm: Layer.Layer<Backend> = Layer.succeed(Backend, backendOf({}));

/** {@link layerWasm} with a number of threads of one's own. */
export const layerWasmWith = ({ threads }: WasmOptions): Layer.Layer<Backend> =>
  Layer.succeed(Backend, backendOf(threads === undefined ? {} : { threads: checked(threads) }));
