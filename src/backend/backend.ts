import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import type { Program } from "../ir/expr.ts";
import type { Storage } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Later } from "./later.ts";

/** One kernel of a plan: a loop nest. */
export interface PlannedKernel {
  /** The name of what it computes, with what was fused into it. */
  readonly name: string;
  /** The loops around it, the outermost first; a loop has the same `loop` in all of its kernels. */
  readonly within: readonly { readonly loop: number; readonly rounds: number }[];
  /** Arithmetic operations over all rounds. */
  readonly operations: number;
  /** Bytes that one round touches: each tensor that it reads or writes counts once. */
  readonly touched: number;
  /** Bytes read and written over all rounds. */
  readonly bytes: number;
}

/** The work and the memory of one run of a program, known once it is compiled. */
export interface Plan {
  readonly kernels: readonly PlannedKernel[];
  readonly bytes: {
    /** Inputs and outputs: params, optimizer state, the batch, loss and metrics. */
    readonly arguments: number;
    readonly constants: number;
    /** Everything else: activations, copies, scratch memory. */
    readonly temporaries: number;
    /** The sum of the three above. */
    readonly planned: number;
    /** Maximum bytes alive at one time: the least that any plan with this order of kernels can take. */
    readonly needed: number;
  };
  /** Arithmetic operations of one run. */
  readonly operations: number;
}

/** Tensors that are there, as a backend that answers at once returns them. */
export type Tensors = readonly Tensor[];

/**
 * A program ready to run. `Answer` says when results are there: an `Executable` may answer later, with a promise, and an
 * `Executable<Tensors>` answers at once. A promise rejects with what the run fails with, such as {@link RunFailure}.
 */
export interface Executable<Answer extends Later<Tensors> = Later<Tensors>> {
  readonly program: Program;
  readonly plan: Plan;
  /**
   * The number of runs, or of steps of a session, that may be submitted before the oldest one's outputs are read. More
   * than that is refused. 0 for a backend that computes while it is called.
   */
  readonly ahead: number;
  /**
   * Computes the outputs from the inputs, and keeps no state. Both are copied.
   *
   * **Fails with** (throws) `ShapeMismatch` and `DtypeMismatch` for inputs of other types; what the backend's layer
   * says.
   */
  readonly run: (inputs: Tensors) => Answer;
  /**
   * Starts a run that keeps state: the first `carried` inputs begin as `state`, and become the first `carried` outputs
   * after each step. The state stays in the program's memory and is copied only on request.
   */
  readonly start: (state: Tensors) => Session<Answer>;
}

/** Writes every element of the inputs into arrays that it is given, one for each input. It must not keep the arrays. */
export type Fill = (inputs: readonly Storage[]) => void;

/**
 * A stateful run of an {@link Executable}. Steps are submitted, and their outputs are read in the same order.
 *
 * A step that fails makes every later read and state fail with its error, since the state is half written.
 */
export interface Session<Answer extends Later<Tensors> = Later<Tensors>> {
  /**
   * Submits a step, whose inputs after the state `fill` writes straight into the program's memory, before this returns.
   *
   * **Fails with** (throws) `InvalidArgument` where more than {@link Executable.ahead} steps wait to be read.
   */
  readonly submit: (fill: Fill) => void;
  /**
   * The outputs after the state of the oldest step that was submitted and not read.
   *
   * **Fails with** (throws) `InvalidArgument` where there is none.
   */
  readonly read: () => Answer;
  /** Submits a step with a copy of the inputs after the state, and reads its outputs at once. */
  readonly step: (inputs: Tensors) => Answer;
  /** A copy of the state after every step that was submitted; later steps do not change it. */
  readonly state: () => Answer;
  /** Ends the session and returns its {@link Session.state}. The next session takes over its memory. */
  readonly finish: () => Answer;
  /** Ends the session, and gives up the steps that were not read. Does nothing to a session that has ended. */
  readonly release: () => void;
}

/** Options for compiling a program. */
export interface CompileOptions {
  /** The number of leading inputs and outputs that are the state of {@link Executable.start}. Defaults to 0. */
  readonly carried?: number;
  /** Forbids instructions whose rounding depends on the machine. Defaults to `false`. */
  readonly deterministic?: boolean;
  /** The number of threads, if the backend has threads. Defaults to the setting of the backend's layer. */
  readonly threads?: number;
}

/** A backend: compiling takes as long as it needs to, and `Answer` says when results are there. */
export interface BackendOf<Answer extends Later<Tensors>> {
  readonly name: string;
  readonly compile: (
    program: Program,
    options?: CompileOptions,
  ) => Effect.Effect<Executable<Answer>, CompileError | BackendUnavailable | MemoryLimit>;
}

/**
 * The Effect service that makes programs run. Its results may come later: a device may still be at work on them. The key
 * of a service is shown where nothing provides it, and so says what does.
 */
export class Backend extends Context.Service<Backend, BackendOf<Later<Tensors>>>()(
  "fluxion/Backend (provide Backend.layerWasm or Backend.layerReference)",
) {}

/** A {@link Backend} that answers at once, so that compiled programs are plain functions. */
export class SyncBackend extends Context.Service<SyncBackend, BackendOf<Tensors>>()(
  "fluxion/SyncBackend (provide Backend.layerWasm or Backend.layerReference)",
) {}

/** The services of a backend that answers at once: it is also a backend that might answer later. */
export const contextOfSync = (
  backend: SyncBackend["Service"],
): Context.Context<Backend | SyncBackend> =>
  Context.add(Context.make(Backend, backend), SyncBackend, backend);
