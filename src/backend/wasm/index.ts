import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { InvalidArgument } from "../../errors.ts";
import { Backend, type CompileOptions } from "../backend.ts";
import type { Features } from "./assembler/index.ts";
import { compileProgram, emptyModules, type Modules } from "./compile.ts";
import { executable, type Holdings } from "./executable.ts";
import { ownedBy } from "./ownership.ts";
import { mostThreads } from "./threads/barrier.ts";
import { mayThread, threadsOf } from "./threads/index.ts";
import { emptyPool } from "./threads/pool.ts";
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

/** Kernels estimated above `shareFrom` nanoseconds are split across threads. */
interface Sharing {
  readonly shareFrom: number;
}

/** What a backend acquires: workers, compiled modules, and the memory of its programs. */
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
 * The backend on resources of its own, or on given ones. Tests share whatever can be shared, however small, by
 * `shareFrom: 0`.
 */
export const backendOf = (
  { threads: wanted }: WasmOptions,
  { shareFrom }: Sharing = { shareFrom: leastShared },
  available?: Features,
  resources: Resources = acquire(),
): Backend["Service"] => ({
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
): Layer.Layer<Backend> =>
  Layer.effect(
    Backend,
    Effect.map(
      Effect.acquireRelease(Effect.sync(acquire), (resources) =>
        Effect.sync(() => release(resources)),
      ),
      (resources) => backendOf(options, sharing, available, resources),
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
export const layerWasm: Layer.Layer<Backend> = layerOf({});

/** {@link layerWasm} with a number of threads of one's own. */
export const layerWasmWith = ({ threads }: WasmOptions): Layer.Layer<Backend> =>
  layerOf(threads === undefined ? {} : { threads: checked(threads) });
