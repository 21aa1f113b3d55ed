import type { Issue } from "../errors.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/*
 * To add a primitive: its parameters in one of the families below. The compiler then names the tables that
 * want an entry (type rule, evaluation, jvp, vjp, batch, wasm lowering, cases for the laws); by hand come
 * its operation in `ops/` and in `index.ts`, its cost in `backend/reference/operations.ts`, what simplifies
 * it in `passes/`, and its place in the random programs (`laws/operations.ts`, `test/ir/passes/`).
 */

/** What a node computes: a shape and a dtype. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: Dtype;
}

/** Primitives without parameters. */
type Plain = { readonly [key in never]: never };

/** Element-wise functions of one float operand. */
export interface Unary {
  neg: Plain;
  abs: Plain;
  sign: Plain;
  floor: Plain;
  ceil: Plain;
  /** Half to even, as IEEE 754's roundTiesToEven. */
  round: Plain;
  sqrt: Plain;
  exp: Plain;
  expm1: Plain;
  log: Plain;
  log1p: Plain;
  sin: Plain;
  cos: Plain;
  tan: Plain;
  asin: Plain;
  acos: Plain;
  atan: Plain;
  tanh: Plain;
  /** 1 / (1 + e^-x). */
  logistic: Plain;
  erf: Plain;
}

/** Element-wise functions of two operands of one shape and one dtype. */
export interface Binary {
  add: Plain;
  sub: Plain;
  mul: Plain;
  /** For integers, truncated; division by zero gives 0. */
  div: Plain;
  /** The remainder that has the sign of the dividend (IEEE fmod); by zero, NaN or, for integers, 0. */
  rem: Plain;
  pow: Plain;
  maximum: Plain;
  minimum: Plain;
  atan2: Plain;
}

/** Element-wise functions of integers or booleans. */
export interface Bitwise {
  and: Plain;
  or: Plain;
  xor: Plain;
  shiftLeft: Plain;
  /** Logical: zeros come in from the left. */
  shiftRight: Plain;
}

/** Element-wise comparisons; the result is `bool`. */
export interface Comparison {
  eq: Plain;
  ne: Plain;
  lt: Plain;
  le: Plain;
  gt: Plain;
  ge: Plain;
}

export type ReduceKind = "sum" | "prod" | "max" | "min";

/** Reductions and scans along axes. `axes` and `axis` count from the front and `axes` is sorted. */
export interface Reduction {
  reduce: { readonly kind: ReduceKind; readonly axes: readonly number[] };
  /** The i32 index of the first greatest (least) element; NaN counts as greatest (least). */
  argReduce: { readonly kind: "max" | "min"; readonly axis: number };
  cumsum: { readonly axis: number; readonly reverse: boolean };
  /** Ascending and stable, NaN last: the sorted values and the i32 indices that they came from. */
  sort: { readonly axis: number };
}

/** Rearrangements: every element of the output is an element of an input, or a fill. */
export interface Structural {
  reshape: { readonly shape: Shape };
  /** `output.shape[i] = input.shape[permutation[i]]`. */
  transpose: { readonly permutation: readonly number[] };
  /** Input axis `i` becomes output axis `axes[i]` (increasing), of equal extent; the others repeat. */
  broadcast: { readonly shape: Shape; readonly axes: readonly number[] };
  /** `start ≤ i < limit` by `stride ≥ 1`, one of each per axis. */
  slice: {
    readonly start: readonly number[];
    readonly limit: readonly number[];
    readonly stride: readonly number[];
  };
  /** `low`/`high` (≥ 0) around each axis and `interior` (≥ 0) between elements, filled with `value`. */
  pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  concatenate: { readonly axis: number };
  reverse: { readonly axes: readonly number[] };
  /**
   * All windows along `axes`: each becomes the number of windows, whose own axes come last. The element
   * `k` of window `i` is the one at `i · stride + k · dilation`.
   */
  window: Windowing;
  /** The adjoint of `window`: windows added up where they lie in a tensor of `extent` along `axes`. */
  overlapAdd: Windowing & { readonly extent: readonly number[] };
}

/** Sliding windows: the axes they slide along, and for each how (≥ 1). */
export interface Windowing {
  readonly axes: readonly number[];
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** Access by i32 index. An index out of range reads 0 and writes nowhere, so that the two are adjoint. */
export interface Indexed {
  /**
   * `(x, indices)`: x's axis `axis` is replaced by the axes of `indices` after the first `batch`,
   * which x and indices share (`batch ≤ axis`).
   */
  gather: { readonly axis: number; readonly batch: number };
  /** `(x, indices, updates)`: x with `updates` (shaped as `gather(x, indices)`) added where gather reads. */
  scatterAdd: { readonly axis: number; readonly batch: number };
}

/** Axes that `dot` multiplies out: paired batch axes, paired contracted axes. */
export interface DotParams {
  readonly batch: readonly [left: readonly number[], right: readonly number[]];
  readonly contract: readonly [left: readonly number[], right: readonly number[]];
}

export interface Contraction {
  /** Batched contraction: output axes are the batch axes, the left's free axes, the right's free axes. */
  dot: DotParams;
}

export interface Source {
  /** A tensor known when the program is built. */
  constant: { readonly value: Tensor };
  /** An input of a program, or a value that something else supplies. */
  parameter: { readonly type: TensorType };
  /** `0, 1, 2, …` along `axis`. */
  iota: { readonly shape: Shape; readonly dtype: Dtype; readonly axis: number };
  /** Threefry bits as i32: keys `[...b, 2]` give `[...b, ...shape]`. */
  randomBits: { readonly shape: Shape };
}

export interface Control {
  /** The element of the second (true) or third (false) operand. */
  select: Plain;
  cast: { readonly dtype: Dtype };
  stopGradient: Plain;
  /**
   * The sum over the examples of the `vmap` that binds `axis`, the same for each of them; of fewer than `least`
   * it means nothing, and is an issue.
   */
  axisSum: { readonly axis: string; readonly least: number };
  /** `(predicate: bool [], ...operands)`: the outputs of one of two closed programs of the operands. */
  cond: { readonly onTrue: Program; readonly onFalse: Program };
  /**
   * `(...constants, ...carry, ...xs)`: `body` maps constants, carry and one slice of each `xs` to the
   * next carry and one slice of each stacked output; the outputs are the last carry and the stacks.
   */
  scan: {
    readonly body: Program;
    readonly length: number;
    readonly constants: number;
    readonly carry: number;
    readonly reverse: boolean;
  };
  /** A program used as one operation: with derivative rules of its own, or rematerialized. */
  call: { readonly name: string; readonly program: Program; readonly rules: CallRules };
}

/** The closed set of primitives, each with the type of its parameters. */
export interface Primitives
  extends Unary,
    Binary,
    Bitwise,
    Comparison,
    Reduction,
    Structural,
    Indexed,
    Contraction,
    Source,
    Control {}

/** The name of a primitive. */
export type PrimitiveTag = keyof Primitives;
/** The parameters of a primitive: what is known of it besides its operands. */
export type Params<P extends PrimitiveTag> = Primitives[P];

/**
 * One application of a primitive. `issue` is what was wrong with its operands, if anything: the node
 * then stands for the output that was most likely meant, and compiling reports the issue.
 * `path` names the layers around it, outermost first.
 */
export interface Node<P extends PrimitiveTag = PrimitiveTag> {
  readonly primitive: P;
  readonly params: Params<P>;
  readonly inputs: readonly Expr[];
  readonly outputs: readonly TensorType[];
  readonly issue: Issue | undefined;
  readonly path: readonly string[];
}

/** A node of any primitive, as a union that narrows on `primitive`. */
export type AnyNode = { readonly [P in PrimitiveTag]: Node<P> }[PrimitiveTag];

/** One output of a node: a symbolic tensor of shape `S`. */
export class Expr<out S extends Shape = Shape> {
  static #made = 0;

  readonly node: AnyNode;
  readonly index: number;
  readonly shape: S;
  readonly dtype: Dtype;
  readonly #birth = Expr.#made++;

  /** How many there have been: what is made from now on is made after. */
  static now(): number {
    return Expr.#made;
  }

  /** Whether an expression was there at a moment; what it depends on was there too. */
  static was(x: Expr, moment: number): boolean {
    return x.#birth < moment;
  }

  constructor(node: AnyNode, index: number) {
    const type = node.outputs[index] as TensorType;
    this.node = node;
    this.index = index;
    // The static shape is the caller's claim; the operations that make it are checked by type tests.
    this.shape = type.shape as S;
    this.dtype = type.dtype;
    Object.freeze(this);
  }
}

/** A closed function of tensors: what `outputs` are in terms of `inputs`, and the nodes between, in order. */
export interface Program {
  readonly inputs: readonly Expr[];
  readonly nodes: readonly AnyNode[];
  readonly outputs: readonly Expr[];
}

/** Outputs of a function and the map from their cotangents to those of its inputs. */
export interface Pulled {
  readonly outputs: readonly Expr[];
  readonly pullback: (cotangents: readonly Expr[]) => readonly (Expr | undefined)[];
}

/** What a `call` does differently from its inlined program. A missing rule is derived from the program. */
export type CallRules =
  | { readonly kind: "checkpoint" }
  /** A program that stands for what is not to be computed at all, and why: see `refuse`. */
  | { readonly kind: "refused"; readonly issue: Issue }
  | {
      readonly kind: "custom";
      readonly jvp?: (primals: readonly Expr[], tangents: readonly Expr[]) => readonly Expr[];
      readonly vjp?: (primals: readonly Expr[]) => Pulled;
    };
