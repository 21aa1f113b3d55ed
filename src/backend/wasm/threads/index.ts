/**
 * Runs one program on several threads. `schedule` decides which kernels are cut and where threads wait for one another,
 * `barrier` is the code of that wait, `pool` holds the workers of a backend (`spawn` starts them, `worker` is their
 * program, `mailbox` tells them what to run), and `tuner` measures which number of threads is fastest.
 */
import { greatestOf } from "../../../tensor/extremes.ts";
import {
  engine,
  features,
  type WasmFunction,
  type WasmImport,
  type WasmMemory,
  type WasmModule,
} from "../assembler/index.ts";
import { mostThreads } from "./barrier.ts";
import type { Job, Pool } from "./pool.ts";
import type { Together } from "./schedule.ts";
import { canShare, parallelism } from "./spawn.ts";
import { choicesUpTo, paceOf } from "./tuner.ts";

/** A runnable instance and its memory. */
export interface Running {
  readonly memory: WasmMemory;
  readonly run: () => void;
}

/** The thread counts to choose from, and how many milliseconds to wait for workers that are not ready. */
export interface Threads {
  readonly choices: readonly number[];
  readonly patience: number;
}

/** The thread counts to try. Defaults to one, two, four, … up to the number of cores; `wanted` sets the count. */
export const threadsOf = (wanted: number | undefined): Threads => {
  const possible = features().threads && canShare();
  if (!possible || wanted === 1) return { choices: [1], patience: 0 };
  return wanted === undefined
    ? { choices: choicesUpTo(Math.min(mostThreads, parallelism())), patience: 0 }
    : { choices: [wanted], patience: 2000 };
};

/** Whether more than one thread is among the choices. */
export const mayThread = ({ choices }: Threads): boolean => choices.some((n) => n > 1);

const pageBytes = 65536;
const pagesLimit = 65536;

/** The maximum milliseconds without a sign of life from a thread, far above the time of any kernel. */
const patienceOf = ({ estimate }: Together): number => 5000 + (100 * estimate) / 1e6;

/** The thread counts whose private memory fits. */
const choicesOf = (together: Together, { choices }: Threads): readonly number[] => {
  const fitting = choices.filter((n) => n === 1 || pagesFor(together, n) <= pagesLimit);
  return fitting.length === 0 ? [1] : fitting;
};

const pagesFor = ({ bytes, ownBytes }: Together, threads: number): number =>
  Math.ceil((bytes + (threads - 1) * ownBytes) / pageBytes);

/** The pages of memory that {@link runningTogether} allocates. */
export const pagesTogether = (together: Together, threads: Threads): number =>
  pagesFor(together, greatestOf(choicesOf(together, threads)));

/** Instantiates a module in shared memory, to run on the threads of a pool. */
export const runningTogether = (
  module: WasmModule,
  together: Together,
  imports: Readonly<Record<string, Readonly<Record<string, WasmImport>>>>,
  threads: Threads,
  pool: Pool,
): Running => {
  const pages = pagesTogether(together, threads);
  const memory = new engine.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Int32Array(memory.buffer);
  const pace = paceOf(choicesOf(together, threads));
  const team = { memory, watch: pool.watch };
  const { exports } = new engine.Instance(module, { ...imports, team });
  (exports.begin as WasmFunction)(); // the module exports both
  const run = exports.run as WasmFunction;
  const patience = patienceOf(together);
  const job: Job = { id: pool.newId(), module, memory, words, run, patience };
  const oneRun = (): void => {
    const began = performance.now();
    const used = pool.run(job, pace.threads(), threads.patience);
    pace.took(used, performance.now() - began);
  };
  pool.forgetWith(oneRun, job.id);
  return { memory, run: oneRun };
};
