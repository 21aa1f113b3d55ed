import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import type { Program } from "../ir/expr.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a backend will do for one run of a program. */
export interface Plan {
  /** One line for each loop nest or kernel: what it computes and what was fused into it. */
  readonly kernels: readonly {
    readonly name: string;
    readonly operations: number;
    readonly bytes: number;
  }[];
  /** Bytes of memory: parameters and results, constants, scratch. */
  readonly bytes: {
    readonly arguments: number;
    readonly constants: number;
    readonly temporaries: number;
  };
  /** Arithmetic operations of one run. */
  readonly operations: number;
}

/** A program ready to run, synchronously. */
export interface Executable {
  readonly program: Program;
  readonly plan: Plan;
  /** Outputs from inputs, both copied; no state is kept. */
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[];
  /**
   * A run that keeps state: the first `carried` inputs start as `state`, and after each step are the
   * first `carried` outputs. They stay where the program computes and are copied only when looked at.
   */
  readonly start: (state: readonly Tensor[]) => Session;
}

/** A stateful run of an {@link Executable}. */
export interface Session {
  /** The inputs after the carried ones in, the outputs after the carried ones out. */
  readonly step: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** A copy of the state, which later steps do not change. */
  readonly state: () => readonly Tensor[];
  /** The state at the end: no step may follow, and what the session held is free to be used again. */
  readonly finish: () => readonly Tensor[];
}

export interface CompileOptions {
  /** How many leading inputs and outputs are the state of {@link Executable.start}; 0 by default. */
  readonly carried?: number;
  /** Forbids instructions whose rounding is left to the machine. */
  readonly deterministic?: boolean;
  /** How many threads run it together, where the backend has threads; as the backend's layer says by default. */
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
