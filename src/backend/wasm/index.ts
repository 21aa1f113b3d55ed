import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { InvalidArgument } from "../../errors.ts";
import { type Backend, type CompileOptions, contextOfSync, type SyncBackend } from "../backend.ts";
import type { Features } from "./assembler/index.ts";
import { compileProgram, emptyModules, type Modules } from "./compile.ts";
import { executable, type Holdings } from "./executable.ts";
import { ownedBy } from "./ownership.ts";
import { mostThreads } from "./threads/barrier.ts";
import { mayThread, threadsOf } from "./threads/index.ts";
import { emptyPool } from "./threads/pool.ts";
import { leastShared } from "./threads/schedule.ts";

/**
 * How a program becomes a WebAssembly module, in the order of the files; `compile` runs all of it.
 *
 * What every target shares is in `plan/`. `passes/` take work out of loops and read or write in place what would be
 * copied. `lower/` says how each value is read (rearrangements are views, in `view`) and turns groups of nodes into
 * kernels, which are data (`kernel`). `fuse/` groups the nodes that share a loop, recomputes what is cheaper to make
 * than to keep, and writes parts where they end up. `expand` asks the target for kernels of its own, and `memory` gives
 * each buffer an address.
 *
 * What is WebAssembly's own is here. `target` is the target, `kernels/` makes and writes its kernels, `codegen/` writes
 * loops, and `gemm/` matrix products. `executable` copies tensors in and out, and `threads/` runs one program on
 * several threads.
 */

export interface WasmOptions {
  /**
   * The number of threads that run a program together. Results have the same bits for every number. Defaults to what
   * measurement finds quickest, while the program runs, among one, two, four, … threads up to one per core. Programs of
   * little work stay on one thread, and so does everything where memory cannot be shared (a page that is not isolated
   * from other origins).
   */
  readonly threads?: number;
}

/** The threshold for threads: kernels estimated above `shareFrom` nanoseconds are split across threads. */
interface Sharing {
  readonly shareFrom: number;
}

/** The resources that a backend acquires: workers, compiled modules, and the memory of its programs. */
interface Resources extends Holdings {
  readonly modules: Modules;
}

const acquire = (): Resources => ({
  pool: emptyPool(),
  modules: emptyModules(),
  instances: ownedBy("wasm"),
});

const release = ({ pool, modules, instances }: Resources): void => {
  instances.release();
  modules.clear();
  pool.release();
};

/**
 * The backend on its own resources, or on given ones. Tests pass `shareFrom: 0`, so that threads share even the
 * smallest kernels.
 */
export const backendOf = (
  { threads: wanted }: WasmOptions,
  { shareFrom }: Sharing = { shareFrom: leastShared },
  available?: Features,
  resources: Resources = acquire(),
): SyncBackend["Service"] => ({
  name: "wasm",
  compile: (program, options: CompileOptions = {}) => {
    const threads = threadsOf(options.threads ?? wanted);
    const least = mayThread(threads) ? shareFrom : undefined;
    return Effect.map(
      compileProgram(program, options, resources.modules, least, available),
      (compiled) => executable(program, compiled, options.carried ?? 0, threads, resources),
    );
  },
});

/** The backend as a layer, whose scope owns the backend's resources. Defaults to the features of this process. */
export const layerOf = (
  options: WasmOptions,
  sharing?: Sharing,
  available?: Features,
): Layer.Layer<Backend | SyncBackend> =>
  Layer.effectContext(
    Effect.map(
      Effect.acquireRelease(Effect.sync(acquire), (resources) =>
        Effect.sync(() => release(resources)),
      ),
      (resources) => contextOfSync(backendOf(options, sharing, available, resources)),
    ),
  );

const checked = (threads: number): number => {
  if (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads) return threads;
  throw new InvalidArgument({
    op: "Backend.layerWasmWith",
    argument: "threads",
    expected: `a whole number from 1 to ${mostThreads}`,
    actual: String(threads),
  });
};

/**
 * The fast backend: each program becomes one WebAssembly module. Memory is planned ahead, element-wise work is fused
 * into loops of vector instructions, and the state of a session stays in the module's memory from step to step.
 *
 * Workers, compiled modules and the memory of every program belong to the layer's scope, and are released when it
 * closes; programs cannot run after that. The number of threads is measured while a program runs; see {@link
 * WasmOptions}. The main thread of a page may not sleep while it waits for other threads: train in a Web Worker.
 *
 * **Fails with** `CompileError`, `MemoryLimit`; `BackendUnavailable` where WebAssembly or its vector instructions are
 * missing. A run throws `WorkerLost` where a worker ends or does not answer, `MemoryLimit` where the machine does not
 * give the memory that the program needs, and `BackendClosed` after the layer's scope has closed.
 * **Laws** every program gives what the reference backend gives, to the rounding of its dtypes, and the same bits on
 * every number of threads.
 */
export const layerWasm: Layer.Layer<Backend | SyncBackend> = layerOf({});

/** {@link layerWasm} with options, such as a fixed number of threads. */
export const layerWasmWith = ({ threads }: WasmOptions): Layer.Layer<Backend | SyncBackend> =>
  layerOf(threads === undefined ? {} : { threads: checked(threads) });
