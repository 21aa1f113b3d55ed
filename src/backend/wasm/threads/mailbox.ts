import type { WasmMemory } from "../assembler/index.ts";

/**
 * The words by which a worker is called. Each worker has a mailbox of its own in shared memory. The caller writes what
 * is to be done and increments the ticket, which the worker watches.
 */
export const mailbox = {
  /** Counts calls. */
  ticket: 0,
  /** Whether the worker sleeps, so that a call has to wake it. */
  asleep: 1,
  /** Counts the messages that the worker has read. */
  read: 2,
  /** The instance to run; below 0, there is a message to read. */
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
  /** The ticket of the call that announced it. */
  readonly ticket: number;
  /** The worker's mailbox; only in the first message. */
  readonly mailbox?: Int32Array<SharedArrayBuffer>;
  /** A module to instantiate, and its number. */
  readonly add?: { readonly id: number; readonly module: object; readonly memory: WasmMemory };
  /** Numbers of the instances to drop. */
  readonly forget: readonly number[];
}
