import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import type { Program } from "../ir/expr.ts";
import type { Storage } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";

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

/** A program ready to run, synchronously. */
export interface Executable {
  readonly program: Program;
  readonly plan: Plan;
  /**
   * Computes the outputs from the inputs, and keeps no state. Both are copied.
   *
   * **Fails with** (throws) `ShapeMismatch` and `DtypeMismatch` for inputs of other types; what the backend's layer
   * says.
   */
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[];
  /**
   * Starts a run that keeps state: the first `carried` inputs begin as `state`, and become the first `carried` outputs
   * after each step. The state stays in the program's memory and is copied only on request.
   */
  readonly start: (state: readonly Tensor[]) => Session;
}

/** Writes every element of the inputs into arrays that it is given, one for each input. It must not keep the arrays. */
export type Fill = (inputs: readonly Storage[]) => void;

/** A stateful run of an {@link Executable}. */
export interface Session {
  /** Takes one step: the inputs after the state in, the outputs after the state out. */
  readonly step: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** {@link Session.step} for inputs that `fill` writes straight into the program's memory, without a copy. */
  readonly stepFilled: (fill: Fill) => readonly Tensor[];
  /**
   * A copy of the state; later steps do not change it.
   *
   * **Fails with** (throws) the error of the step that failed, if one did, as every later call does: its state is half
   * written.
   */
  readonly state: () => readonly Tensor[];
  /** Ends the session and returns its state. No step may follow; the next session takes over its memory. */
  readonly finish: () => readonly Tensor[];
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

/** The Effect service that makes programs run. */
export class Backend extends Context.Service<
  Backend,
  {
    readonly name: string;
    readonly compile: (
      program: Program,
      options?: CompileOptions,
    ) => Effect.Effect<Executable, CompileError | BackendUnavailable | MemoryLimit>;
  }
>()("fluxion/Backend") {}
