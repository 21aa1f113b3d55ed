import type { Expr, Params, PrimitiveTag, Program, Pulled } from "../ir/expr.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The kinds of rule. Rules are written on expressions with the ordinary operations; an interpreter
 * runs what a rule builds over its own values. Rules of primitives that hold programs (`scan`, `cond`,
 * `call`) need those programs transformed in turn, and are given the transformations to do it with.
 */

/** Runs a closed program on tensors. */
export type Run = (program: Program, inputs: readonly Tensor[]) => readonly Tensor[];

/** What a primitive computes, on tensors: the definition that every backend must agree with. */
export type EvaluateRule<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: readonly Tensor[],
  run: Run,
) => readonly Tensor[];

/** A tangent, a cotangent; `undefined` is zero. */
export type Maybe = Expr | undefined;

/** The program transformations that rules of control primitives are written with. */
export interface Derive {
  /** The function of a program, on expressions. */
  readonly inline: (program: Program, inputs: readonly Expr[]) => readonly Expr[];
  readonly jvp: (
    program: Program,
    primals: readonly Expr[],
    tangents: readonly Maybe[],
  ) => { readonly outputs: readonly Expr[]; readonly tangents: readonly Maybe[] };
  /** The outputs, and the pullback onto those inputs that are `active`. */
  readonly vjp: (
    program: Program,
    primals: readonly Expr[],
    active: readonly boolean[],
  ) => PullbackOf;
  /** The outputs with the mapped axis first where `batched` says there is one. */
  readonly batch: (
    program: Program,
    inputs: readonly Expr[],
    batched: readonly boolean[],
    axis: MappedAxis,
  ) => Batched;
}

export interface PullbackOf {
  readonly outputs: readonly Expr[];
  /** Which outputs depend on an active input. */
  readonly active: readonly boolean[];
  readonly pullback: (cotangents: readonly Maybe[]) => readonly Maybe[];
}

export interface Batched {
  readonly outputs: readonly Expr[];
  readonly batched: readonly boolean[];
}

/** The axis that a `vmap` maps over: how many examples, and its name if it has one. */
export interface MappedAxis {
  readonly size: number;
  readonly name: string | undefined;
}

/** Pushes tangents forward: outputs and their tangents from primals and tangents. */
export type JvpRule<P extends PrimitiveTag> = (
  params: Params<P>,
  primals: readonly Expr[],
  tangents: readonly Maybe[],
  derive: Derive,
) => { readonly outputs: readonly Expr[]; readonly tangents: readonly Maybe[] };

/** Outputs, and the pullback of cotangents; inputs that are not `active` need no cotangent. */
export type VjpRule<P extends PrimitiveTag> = (
  params: Params<P>,
  primals: readonly Expr[],
  active: readonly boolean[],
  derive: Derive,
) => Pullback;

export interface Pullback {
  readonly outputs: readonly Expr[];
  readonly pullback: (cotangents: readonly Maybe[]) => readonly Maybe[];
}

/** The primitive on a batch: inputs that are `batched` have the mapped axis first. */
export type BatchRule<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: readonly Expr[],
  batched: readonly boolean[],
  axis: MappedAxis,
  derive: Derive,
) => Batched;

/** One column of rules for a family of primitives: a missing one does not compile. */
export type EvaluateRules<F extends PrimitiveTag> = { readonly [P in F]: EvaluateRule<P> };
export type JvpRules<F extends PrimitiveTag> = { readonly [P in F]: JvpRule<P> };
export type VjpRules<F extends PrimitiveTag> = { readonly [P in F]: VjpRule<P> };
export type BatchRules<F extends PrimitiveTag> = { readonly [P in F]: BatchRule<P> };
export type { Pulled };
