import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import type { Program } from "../ir/expr.ts";
import type { Storage } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Later } from "./later.ts";

/** One kernel of a plan: a loop nest. */
export interface PlannedKernel {
  /** The name of its computation, with the operations fused into it. */
  readonly name: string;
  /** The loops around it, outermost first. All kernels of a loop have the same `loop`. */
  readonly within: readonly { readonly loop: number; readonly rounds: number }[];
  /** Arithmetic operations over all rounds. */
  readonly operations: number;
  /** Bytes touched in one round: each tensor that is read or written counts once. */
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
    /** Maximum bytes alive at one time: the minimum for any plan with this order of kernels. */
    readonly needed: number;
  };
  /** Arithmetic operations of one run. */
  readonly operations: number;
}

/** The results of a backend that answers at once. */
export type Tensors = readonly Tensor[];

/**
 * A compiled program. `Answer` says when its results are available: an `Executable` may answer later, with a promise;
 * an `Executable<Tensors>` answers at once. A promise rejects with the error of the run, such as {@link RunFailure}.
 */
export interface Executable<Answer extends Later<Tensors> = Later<Tensors>> {
  readonly program: Program;
  readonly plan: Plan;
  /**
   * The number of runs, or of steps of a session, that may be submitted before the outputs of the oldest one are read.
   * More are refused. 0 for a backend that computes during the call.
   */
  readonly ahead: number;
  /**
   * Computes the outputs from the inputs, and keeps no state. Both are copied.
   *
   * **Fails with** `ShapeMismatch` and `DtypeMismatch`, thrown, for inputs of other types; and with the run errors of
   * the backend's layer.
   */
  readonly run: (inputs: Tensors) => Answer;
  /**
   * Starts a run that keeps state: the first `carried` inputs start as `state`, and become the first `carried` outputs
   * of each step. The state stays in the program's memory and is copied only on request.
   */
  readonly start: (state: Tensors) => Session<Answer>;
}

/** Writes every element of the inputs into the given arrays, one for each input. It must not keep the arrays. */
export type Fill = (inputs: readonly Storage[]) => void;

/**
 * A stateful run of an {@link Executable}. Steps are submitted, and their outputs are read in the same order.
 *
 * After a failed step every later read fails with its error, since the state is incomplete.
 */
export interface Session<Answer extends Later<Tensors> = Later<Tensors>> {
  /**
   * Submits a step. `fill` writes the inputs after the state into the program's memory, before this returns.
   *
   * **Fails with** `InvalidArgument`, thrown, where more than {@link Executable.ahead} steps are unread.
   */
  readonly submit: (fill: Fill) => void;
  /**
   * Reads the outputs after the state of the oldest unread step.
   *
   * **Fails with** `InvalidArgument`, thrown, where no step is unread.
   */
  readonly read: () => Answer;
  /** Submits a step with a copy of the inputs after the state, and reads its outputs. */
  readonly step: (inputs: Tensors) => Answer;
  /** A copy of the state after every submitted step. Later steps do not change it. */
  readonly state: () => Answer;
  /** Ends the session and returns its {@link Session.state}. The next session reuses its memory. */
  readonly finish: () => Answer;
  /** Ends the session, and abandons unread steps. Does nothing after the session has ended. */
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

/** A backend. Compiling may take time, and `Answer` says when results are available. */
export interface BackendOf<Answer extends Later<Tensors>> {
  readonly name: string;
  readonly compile: (
    program: Program,
    options?: CompileOptions,
  ) => Effect.Effect<Executable<Answer>, CompileError | BackendUnavailable | MemoryLimit>;
}

/**
 * The Effect service that runs programs. Its results may come later, while a device still computes. Effect prints the
 * key of a missing service, so the key names the layers that provide it.
 */
export class Backend extends Context.Service<Backend, BackendOf<Later<Tensors>>>()(
  "fluxion/Backend (provide Backend.layerWasm or Backend.layerReference)",
) {}

/** A {@link Backend} that answers at once, so that compiled programs are plain functions. */
export class SyncBackend extends Context.Service<SyncBackend, BackendOf<Tensors>>()(
  "fluxion/SyncBackend (provide Backend.layerWasm or Backend.layerReference)",
) {}

/** Both services of a backend that answers at once: it also serves where later answers are allowed. */
export const contextOfSync = (
  backend: SyncBackend["Service"],
): Context.Context<Backend | SyncBackend> =>
  Context.add(Context.make(Backend, backend), SyncBackend, backend);
