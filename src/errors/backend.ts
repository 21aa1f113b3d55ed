/** What keeps a program from being compiled or run. */

import { bytesText } from "../terminal/units.ts";
import { failure } from "./failure.ts";

/** A backend that this machine cannot run; `alternative` is one that it can. */
export class BackendUnavailable extends failure(
  "BackendUnavailable",
  (e: { readonly backend: string; readonly missing: string; readonly alternative: string }) => ({
    what: `the backend "${e.backend}" cannot run here: this place lacks ${e.missing}`,
    fix: `use the backend "${e.alternative}"`,
  }),
) {}

/**
 * A compiled program or a session that is used after the scope of its backend's layer has closed. `op` is what was asked
 * of it: `run`, `start`, `step`, `state` or `finish`.
 */
export class BackendClosed extends failure(
  "BackendClosed",
  (e: { readonly backend: string; readonly op: string }) => ({
    what: `the backend "${e.backend}" is closed: its layer's scope has ended, and its workers and memory with it`,
    where: `in ${e.op} of a program that it had compiled`,
    fix: "use the program inside the Effect that the layer is provided to, or keep the layer open with ManagedRuntime.make(layer)",
  }),
) {}

/** Bytes by what they are for. */
export interface MemoryParts {
  /** What is carried from step to step: params, layer state and the optimizer's. */
  readonly state: number;
  readonly constants: number;
  readonly inputs: number;
  readonly outputs: number;
  /** What is computed on the way, and kept until it has been used. */
  readonly temporaries: number;
}

/**
 * A program that needs more bytes of memory, or of which one tensor does, than the backend has for it, `limit`; where
 * that is `undefined`, more than the machine gives at the moment.
 */
export class MemoryLimit extends failure(
  "MemoryLimit",
  (e: {
    readonly of: "program" | "tensor";
    readonly needed: number;
    readonly limit: number | undefined;
    readonly largest: readonly { readonly what: string; readonly bytes: number }[];
    /** What the bytes are for, where that is known: it says what would help. */
    readonly parts?: MemoryParts;
  }) => ({
    what: `${memoryFor[e.of]} needs ${bytesText(e.needed)} of memory and ${
      e.limit === undefined ? "this machine gives no more" : `the backend has ${bytesText(e.limit)}`
    }`,
    ...(e.largest.length === 0
      ? {}
      : {
          where: `most of it for ${e.largest.map((l) => `${l.what} (${bytesText(l.bytes)})`).join(", ")}`,
        }),
    fix: [
      ...(e.limit === undefined ? ["end what else takes memory"] : []),
      ...lessMemory(e.parts),
    ].join(", or "),
  }),
) {}

/** A worker with which a run shared its work and that is gone, or no longer answers; `worker` counts from 1. */
export class WorkerLost extends failure(
  "WorkerLost",
  (e: { readonly worker: number; readonly workers: number; readonly reason: string }) => ({
    what: `worker ${e.worker} of ${e.workers} was lost: ${e.reason}`,
    where: "in the middle of a run",
    fix: "resume from the last checkpoint or event; with { threads: 1 } a run needs no workers",
  }),
) {}

const memoryFix: { readonly [P in keyof MemoryParts]: string } = {
  state: "make the model smaller, or take an optimizer that keeps less for each of its params",
  constants: "give large tensors as inputs, or make them of fewer elements or a narrower dtype",
  inputs: "give less at a time: smaller batches, or a part of the inputs after the other",
  outputs: "return less: what nobody reads need not be an output",
  temporaries: "take smaller batches, or recompute intermediate values with checkpoint",
};

/** What would help, by what takes most: of several parts, those that take at least half as much as the largest. */
const lessMemory = (parts: MemoryParts | undefined): readonly string[] => {
  const kinds = Object.keys(memoryFix) as readonly (keyof MemoryParts)[]; // it has these keys
  if (parts === undefined) return ["take fewer elements at a time"];
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
