import type { Issue } from "../errors.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/*
 * To add a primitive, add its parameters to one of the families below. The compiler then names the tables that need
 * an entry: operands, type rule, traits, evaluation, jvp, vjp, batch, arithmetic, lowering and code of each target, rounding and
 * cases for the laws. Tests name its operation in `ops/` and `index.ts`, and its place in the random programs. Only
 * simplifications (`passes/`) are added by hand, where there are any.
 */

/** The type of a tensor: its shape and dtype. */
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
  /** Rounds to the nearest integer, ties to even: IEEE 754's roundTiesToEven. */
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
  /** Division. For integers the quotient is truncated, and division by zero gives 0. */
  div: Plain;
  /**
   * The remainder with the sign of the dividend (C's `fmod`). Division by zero gives NaN for floats and 0 for
   * integers.
   */
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
  /** A logical shift: zeros come in from the left. */
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

/** Reductions and cumulative operations along axes. `axes` and `axis` count from the front, and `axes` is sorted. */
export interface Reduction {
  reduce: { readonly kind: ReduceKind; readonly axes: readonly number[] };
  /** The i32 index of the first maximum (minimum); NaN counts as the maximum (minimum). */
  argReduce: { readonly kind: "max" | "min"; readonly axis: number };
  cumsum: { readonly axis: number; readonly reverse: boolean };
  /** A stable ascending sort with NaN last: the sorted values, and the i32 index that each came from. */
  sort: { readonly axis: number };
}

/** Rearrangements: every element of the output is an element of an input, or a fill. */
export interface Structural {
  reshape: { readonly shape: Shape };
  /** `output.shape[i] = input.shape[permutation[i]]`. */
  transpose: { readonly permutation: readonly number[] };
  /** Input axis `i` becomes output axis `axes[i]` (increasing), of equal extent; the others repeat. */
  broadcast: { readonly shape: Shape; readonly axes: readonly number[] };
  /** The elements `start ≤ i < limit` in steps of `stride ≥ 1`, one of each per axis. */
  slice: {
    readonly start: readonly number[];
    readonly limit: readonly number[];
    readonly stride: readonly number[];
  };
  /**
   * Adds `low` elements before, `high` after and `interior` between the elements of each axis (all ≥ 0), filled with
   * `value`.
   */
  pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  concatenate: { readonly axis: number };
  reverse: { readonly axes: readonly number[] };
  /**
   * All sliding windows along `axes`: each such axis becomes the number of windows, and the windows' own axes come
   * last. Element `k` of window `i` is the one at `i · stride + k · dilation`.
   */
  window: Windowing;
  /** The adjoint of `window`: adds windows up at their positions in a tensor of `extent` along `axes`. */
  overlapAdd: Windowing & { readonly extent: readonly number[] };
}

/** The axes that windows slide along, with size, stride and dilation (≥ 1) for each. */
export interface Windowing {
  readonly axes: readonly number[];
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** Access by i32 index. An index out of range reads 0 and writes nothing, so that gather and scatter are adjoint. */
export interface Indexed {
  /**
   * `(x, indices)`: replaces x's axis `axis` by the axes of `indices`, except for the first `batch` axes, which x and
   * indices share (`batch ≤ axis`).
   */
  gather: { readonly axis: number; readonly batch: number };
  /** `(x, indices, updates)`: adds `updates`, of the shape of `gather(x, indices)`, to x where gather reads. */
  scatterAdd: { readonly axis: number; readonly batch: number };
}

/** The axis pairs of a `dot`: batch axes and contracted axes. */
export interface DotParams {
  readonly batch: readonly [left: readonly number[], right: readonly number[]];
  readonly contract: readonly [left: readonly number[], right: readonly number[]];
}

export interface Contraction {
  /**
   * A batched contraction. The output's axes are the batch axes, the left's free axes, then the right's free axes.
   */
  dot: DotParams;
}

export interface Source {
  /** A tensor known when the program is built. */
  constant: { readonly value: Tensor };
  /** An input of a program, or a placeholder for a value supplied later. */
  parameter: { readonly type: TensorType };
  /** `0, 1, 2, …` along `axis`. */
  iota: { readonly shape: Shape; readonly dtype: Dtype; readonly axis: number };
  /** Random bits (Threefry) as i32: keys `[...b, 2]` give `[...b, ...shape]`. */
  randomBits: { readonly shape: Shape };
}

export interface Control {
  /** Picks each element from the second operand (true) or the third (false). */
  select: Plain;
  cast: { readonly dtype: Dtype };
  stopGradient: Plain;
  /**
   * The sum over the examples of the `vmap` that binds `axis`; every example gets it. Fewer than `least` examples are
   * an issue.
   */
  axisSum: { readonly axis: string; readonly least: number };
  /** `(predicate: bool [], ...operands)`: runs one of two closed programs on the operands. */
  cond: { readonly onTrue: Program; readonly onFalse: Program };
  /**
   * A loop over `(...constants, ...carry, ...xs)`. `body` maps the constants, the carry and one slice of each `xs` to
   * the next carry and one slice of each stacked output. The outputs are the last carry and the stacked outputs.
   */
  scan: {
    readonly body: Program;
    readonly length: number;
    readonly constants: number;
    readonly carry: number;
    readonly reverse: boolean;
  };
  /**
   * A loop over `(...constants, goesOn: bool [], ...carry)`. As long as `goesOn` is true, `body` maps the constants,
   * `goesOn` and the carry to the next `goesOn` and carry. The outputs are the last of them. With a `bound`, the loop
   * ends after so many rounds at the latest; without one, it has no pullback.
   */
  while: {
    readonly body: Program;
    readonly constants: number;
    readonly bound: number | undefined;
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
/** The static parameters of a primitive: everything but its operands. */
export type Params<P extends PrimitiveTag> = Primitives[P];

type One = readonly [x: Expr];
type Two = readonly [x: Expr, y: Expr];
type Three = readonly [x: Expr, y: Expr, z: Expr];

type ElementWise = keyof Binary | keyof Bitwise | keyof Comparison;

/** The operands of every primitive. A missing entry does not compile. */
interface Operands
  extends Readonly<Record<keyof Unary | keyof Reduction, One>>,
    Readonly<Record<ElementWise | "dot" | "gather", Two>>,
    Readonly<Record<Exclude<keyof Structural, "concatenate">, One>>,
    Readonly<Record<"select" | "scatterAdd", Three>>,
    Readonly<Record<"cast" | "stopGradient" | "axisSum" | "randomBits", One>>,
    Readonly<Record<"constant" | "parameter" | "iota", readonly []>>,
    Readonly<Record<"scan" | "while" | "call", readonly Expr[]>> {
  readonly concatenate: readonly [first: Expr, ...rest: Expr[]];
  readonly cond: readonly [predicate: Expr, ...operands: Expr[]];
}

/** The operands of a primitive. */
export type Inputs<P extends PrimitiveTag> = Operands[P];

/** What a primitive makes. */
export type Outputs<P extends PrimitiveTag> = P extends "scan" | "while" | "cond" | "call"
  ? readonly Expr[]
  : P extends "sort"
    ? readonly [values: Expr, indices: Expr]
    : readonly [Expr];

/** A value for each operand of a primitive. */
export type Each<P extends PrimitiveTag, A> = ForEach<Inputs<P>, A>;
type ForEach<Xs extends readonly unknown[], A> = { readonly [K in keyof Xs]: A };

/**
 * One application of a primitive. `issue` says what is wrong with its operands, if anything; the node then has the
 * output types that were most likely meant, and compiling reports the issue. `path` names the layers around it,
 * outermost first.
 */
export interface Node<P extends PrimitiveTag = PrimitiveTag> {
  readonly primitive: P;
  readonly params: Params<P>;
  readonly inputs: Inputs<P>;
  readonly outputs: readonly TensorType[];
  readonly issue: Issue | undefined;
  readonly path: readonly string[];
}

/** A node of any primitive: a union that narrows on `primitive`. */
export type AnyNode = { readonly [P in PrimitiveTag]: Node<P> }[PrimitiveTag];

/** One output of a node: a symbolic tensor of shape `S`. */
export class Expr<out S extends Shape = Shape> {
  static #made = 0;

  readonly node: AnyNode;
  readonly index: number;
  readonly shape: S;
  readonly dtype: Dtype;
  readonly #birth = Expr.#made++;

  /** The current moment: the number of expressions made so far. */
  static now(): number {
    return Expr.#made;
  }

  /** Whether an expression existed at a moment; its operands then did too. */
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

/** A closed function of tensors: inputs, outputs, and the nodes between them in order of evaluation. */
export interface Program {
  readonly inputs: readonly Expr[];
  readonly nodes: readonly AnyNode[];
  readonly outputs: readonly Expr[];
}

/** The outputs of a function, and its pullback: the map from their cotangents to those of its inputs. */
export interface Pulled {
  readonly outputs: readonly Expr[];
  readonly pullback: (cotangents: readonly Expr[]) => readonly (Expr | undefined)[];
}

/** How a `call` differs from its inlined program. A missing rule is derived from the program. */
export type CallRules =
  | { readonly kind: "checkpoint" }
  /** A program that must not be computed, and the reason: see `refuse`. */
  | { readonly kind: "refused"; readonly issue: Issue }
  | {
      readonly kind: "custom";
      readonly jvp?: (primals: readonly Expr[], tangents: readonly Expr[]) => readonly Expr[];
      readonly vjp?: (primals: readonly Expr[]) => Pulled;
    };
