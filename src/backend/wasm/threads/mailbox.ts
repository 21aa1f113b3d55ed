import type { WasmMemory } from "../assembler/index.ts";

/**
 * The layout of a worker's mailbox. Each worker has one in shared memory. To call a worker, the caller writes the
 * arguments of the call and increments the ticket, which the worker watches.
 */
export const mailbox = {
  /** The number of calls so far. */
  ticket: 0,
  /** Whether the worker sleeps, so that a call has to wake it. */
  asleep: 1,
  /** The number of messages that the worker has read. */
  read: 2,
  /** The instance to run. A negative number means a message to read. */
  id: 3,
  thread: 4,
  threads: 5,
  arrivals: 6,
  /** 1 once a run of this worker has thrown. */
  failed: 7,
  /** 1 once the worker's thread is about to end. */
  ended: 8,
  words: 16,
} as const;

/** A message to a worker. */
export interface Message {
  /** The ticket of the call that announced this message. */
  readonly ticket: number;
  /** The worker's mailbox, in the first message only. */
  readonly mailbox?: Int32Array<SharedArrayBuffer>;
  /** A module to instantiate, and its number. */
  readonly add?: { readonly id: number; readonly module: object; readonly memory: WasmMemory };
  /** The numbers of the instances to drop. */
  readonly forget: readonly number[];
}
