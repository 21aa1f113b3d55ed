import type { Each, Expr, Inputs, Params, PrimitiveTag, Program, Pulled } from "../ir/expr.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The kinds of rule. Rules are written on expressions with the ordinary operations, and an interpreter runs the
 * expressions over its own values. Rules of primitives that contain programs (`scan`, `cond`, `call`) must transform
 * those programs in turn, and receive the transformations as an argument.
 */

/** Runs a closed program on tensors. */
export type Run = (program: Program, inputs: readonly Tensor[]) => readonly Tensor[];

/** Evaluates a primitive on tensors: the definition that every backend must agree with. */
export type EvaluateRule<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: Each<P, Tensor>,
  run: Run,
) => readonly Tensor[];

/** A tangent or a cotangent; `undefined` is zero. */
export type Maybe = Expr | undefined;

/** The program transformations that the rules of control primitives use. */
export interface Derive {
  /** Applies a program to expressions, node by node. */
  readonly inline: (program: Program, inputs: readonly Expr[]) => readonly Expr[];
  readonly jvp: (
    program: Program,
    primals: readonly Expr[],
    tangents: readonly Maybe[],
  ) => { readonly outputs: readonly Expr[]; readonly tangents: readonly Maybe[] };
  /** The outputs, and the pullback to the `active` inputs. */
  readonly vjp: (
    program: Program,
    primals: readonly Expr[],
    active: readonly boolean[],
  ) => PullbackOf;
  /** The outputs; those that `batched` marks have the mapped axis first. */
  readonly batch: (
    program: Program,
    inputs: readonly Expr[],
    batched: readonly boolean[],
    axis: MappedAxis,
  ) => Batched;
}

export interface PullbackOf {
  readonly outputs: readonly Expr[];
  /** Marks the outputs that depend on an active input. */
  readonly active: readonly boolean[];
  readonly pullback: (cotangents: readonly Maybe[]) => readonly Maybe[];
}

export interface Batched {
  readonly outputs: readonly Expr[];
  readonly batched: readonly boolean[];
}

/** The axis that a `vmap` maps over: the number of examples, and its name if it has one. */
export interface MappedAxis {
  readonly size: number;
  readonly name: string | undefined;
}

/** Pushes tangents forward: outputs and their tangents from primals and tangents. */
export type JvpRule<P extends PrimitiveTag> = (
  params: Params<P>,
  primals: Inputs<P>,
  tangents: Each<P, Maybe>,
  derive: Derive,
) => { readonly outputs: readonly Expr[]; readonly tangents: readonly Maybe[] };

/** Returns the outputs and the pullback of cotangents; inputs that are not `active` need no cotangent. */
export type VjpRule<P extends PrimitiveTag> = (
  params: Params<P>,
  primals: Inputs<P>,
  active: Each<P, boolean>,
  derive: Derive,
) => Pullback;

export interface Pullback {
  readonly outputs: readonly Expr[];
  readonly pullback: (cotangents: readonly Maybe[]) => readonly Maybe[];
}

/** Applies a primitive to a batch: inputs that are `batched` have the mapped axis first. */
export type BatchRule<P extends PrimitiveTag> = (
  params: Params<P>,
  inputs: Inputs<P>,
  batched: Each<P, boolean>,
  axis: MappedAxis,
  derive: Derive,
) => Batched;

/** One column of rules for a family of primitives: a missing one does not compile. */
export type EvaluateRules<F extends PrimitiveTag> = { readonly [P in F]: EvaluateRule<P> };
export type JvpRules<F extends PrimitiveTag> = { readonly [P in F]: JvpRule<P> };
export type VjpRules<F extends PrimitiveTag> = { readonly [P in F]: VjpRule<P> };
export type BatchRules<F extends PrimitiveTag> = { readonly [P in F]: BatchRule<P> };
export type { Pulled };
