/** Errors of backends: a program cannot be compiled or run. */

import { bytesText } from "../terminal/units.ts";
import { failure } from "./failure.ts";

/** This environment cannot run a backend. `alternative` names one that it can run. */
export class BackendUnavailable extends failure(
  "BackendUnavailable",
  (e: { readonly backend: string; readonly missing: string; readonly alternative: string }) => ({
    what: `the backend "${e.backend}" cannot run here: this environment lacks ${e.missing}`,
    fix: `use the backend "${e.alternative}"`,
  }),
) {}

/**
 * A compiled program or a session was used after the scope of its backend's layer closed. `op` names the call: `run`,
 * `start`, `step`, `state` or `finish`.
 */
export class BackendClosed extends failure(
  "BackendClosed",
  (e: { readonly backend: string; readonly op: string }) => ({
    what: `the backend "${e.backend}" is closed: its layer's scope has ended, and its workers and memory with it`,
    where: `in ${e.op} of a program that it compiled`,
    fix: "use the program inside the Effect that the layer is provided to, or keep the layer open with ManagedRuntime.make(layer)",
  }),
) {}

/** The bytes of a program, by use. */
export interface MemoryParts {
  /** Values carried from step to step: params, layer state and optimizer state. */
  readonly state: number;
  readonly constants: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Intermediate values, which are kept until their last use. */
  readonly temporaries: number;
}

/**
 * A program, or one of its tensors, needs more memory than the backend has. `limit` is in bytes; `undefined` means
 * that the machine refused to give more.
 */
export class MemoryLimit extends failure(
  "MemoryLimit",
  (e: {
    readonly of: "program" | "tensor";
    readonly needed: number;
    readonly limit: number | undefined;
    readonly largest: readonly { readonly what: string; readonly bytes: number }[];
    /** The bytes by use, if known. They determine the advice. */
    readonly parts?: MemoryParts;
  }) => ({
    what: `${memoryFor[e.of]} needs ${bytesText(e.needed)} of memory, but ${
      e.limit === undefined ? "this machine gives no more" : `the backend has ${bytesText(e.limit)}`
    }`,
    ...(e.largest.length === 0
      ? {}
      : {
          where: `most of it for ${e.largest.map((l) => `${l.what} (${bytesText(l.bytes)})`).join(", ")}`,
        }),
    fix: [
      ...(e.limit === undefined ? ["close other programs that use memory"] : []),
      ...lessMemory(e.parts),
    ].join(", or "),
  }),
) {}

/** A worker of a run ended or stopped answering. `worker` counts from 1. */
export class WorkerLost extends failure(
  "WorkerLost",
  (e: { readonly worker: number; readonly workers: number; readonly reason: string }) => ({
    what: `worker ${e.worker} of ${e.workers} was lost: ${e.reason}`,
    where: "in the middle of a run",
    fix: "look for what ends it, such as process.exit or too little memory; then resume from the last checkpoint or event. Without workers, the error itself is seen: give a search no workers, and a run { threads: 1 }",
  }),
) {}

const memoryFix: { readonly [P in keyof MemoryParts]: string } = {
  state: "use a smaller model, or an optimizer that keeps less state for each param",
  constants: "pass large tensors as inputs, or give them fewer elements or a narrower dtype",
  inputs: "pass less data at a time: use smaller batches, or process the inputs in parts",
  outputs: "return fewer outputs, only those that are read",
  temporaries: "use smaller batches, or recompute intermediate values with checkpoint",
};

/** Advice for the largest uses of memory: those of at least half as many bytes as the largest. */
const lessMemory = (parts: MemoryParts | undefined): readonly string[] => {
  const kinds = Object.keys(memoryFix) as readonly (keyof MemoryParts)[]; // it has these keys
  if (parts === undefined) return ["process fewer elements at a time"];
  const most = kinds.reduce((n, kind) => Math.max(n, parts[kind]), 0);
  return kinds
    .filter((kind) => 2 * parts[kind] >= most)
    .toSorted((a, b) => parts[b] - parts[a])
    .map((kind) => memoryFix[kind]);
};

const memoryFor = {
  program: "the program",
  tensor: "a single tensor of the program",
} as const;
