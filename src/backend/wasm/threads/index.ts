/**
 * One program on several threads: `schedule` says which kernels are cut and where threads wait for one
 * another, `team` is how they wait, `crew` the workers of a process (`host` starts them, `worker` is their
 * program, `mailbox` how they are called), and `pace` finds out how many threads are worth it.
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

/** What runs: its memory, and the run itself. */
export interface Running {
  readonly memory: WasmMemory;
  readonly run: () => void;
}

/** Among how many threads a program may choose, and for how long it waits for workers, in milliseconds. */
export interface Threads {
  readonly choices: readonly number[];
  readonly patience: number;
}

/** As many threads as said; where nothing is said, what measurement finds best, up to one for each core. */
export const threadsOf = (wanted: number | undefined): Threads => {
  const possible = features().threads && canShare();
  if (!possible || wanted === 1) return { choices: [1], patience: 0 };
  return wanted === undefined
    ? { choices: choicesUpTo(Math.min(mostThreads, parallelism())), patience: 0 }
    : { choices: [wanted], patience: 2000 };
};

/** Whether there is a choice of more than one thread. */
export const mayThread = ({ choices }: Threads): boolean => choices.some((n) => n > 1);

const pageBytes = 65536;
const pagesLimit = 65536;

/** How long threads may show no sign of life: far longer than any kernel should take. */
const patienceOf = ({ estimate }: Together): number => 5000 + (100 * estimate) / 1e6;

/** Among how many threads a program may choose whose memory holds what each has of its own. */
const choicesOf = (together: Together, { choices }: Threads): readonly number[] => {
  const fitting = choices.filter((n) => n === 1 || pagesFor(together, n) <= pagesLimit);
  return fitting.length === 0 ? [1] : fitting;
};

const pagesFor = ({ bytes, ownBytes }: Together, threads: number): number =>
  Math.ceil((bytes + (threads - 1) * ownBytes) / pageBytes);

/** The pages of memory that {@link runningTogether} takes. */
export const pagesTogether = (together: Together, threads: Threads): number =>
  pagesFor(together, greatestOf(choicesOf(together, threads)));

/** A module in memory that threads share. */
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
