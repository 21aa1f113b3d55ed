import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import type { Program } from "../ir/expr.ts";
import type { Storage } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** One loop nest or kernel of a plan. */
export interface PlannedKernel {
  /** What it computes and what was fused into it. */
  readonly name: string;
  /** The loops around it, the outermost first; a loop has the same `loop` in all of its kernels. */
  readonly within: readonly { readonly loop: number; readonly rounds: number }[];
  /** Arithmetic operations, of all rounds. */
  readonly operations: number;
  /** Bytes that it touches in one round: each tensor that it reads or writes, once. */
  readonly touched: number;
  /** Bytes that it moves, in all rounds: what it reads, and what it writes. */
  readonly bytes: number;
}

/** What a backend will do for one run of a program. */
export interface Plan {
  readonly kernels: readonly PlannedKernel[];
  readonly bytes: {
    /** Inputs and outputs: params, optimizer state, the batch, what the step says. */
    readonly arguments: number;
    readonly constants: number;
    /** What is planned beyond them: activations, copies, scratch. */
    readonly temporaries: number;
    /** All of it. */
    readonly planned: number;
    /** The most that is alive at one time: fewer bytes no plan can do with, in this order of kernels. */
    readonly needed: number;
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

/** Writes every element of the inputs, each into an array of its dtype's storage, which it does not keep. */
export type Fill = (inputs: readonly Storage[]) => void;

/** A stateful run of an {@link Executable}. */
export interface Session {
  /** The inputs after the carried ones in, the outputs after the carried ones out. */
  readonly step: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** {@link Session.step} on inputs that are written where the program reads them, without a copy between. */
  readonly stepFilled: (fill: Fill) => readonly Tensor[];
  /**
   * A copy of the state, which later steps do not change.
   *
   * **Fails with** (throws) what has cut a step short, as every later step does, and {@link Session.finish}: what
   * such a step has left half written is no state.
   */
  readonly state: () => readonly Tensor[];
  /** The state at the end: no step may follow, and what the session held is free to be used again. */
  readonly finish: () => readonly Tensor[];
}

/** How a program is compiled: what stays where it computes, and which instructions it may use. */
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
