import { apply, parameter, reapply } from "../ir/build.ts";
import type { AnyNode, Expr, Node, Params, Program } from "../ir/expr.ts";
import { program } from "../ir/program.ts";
import { store } from "../tensor/dtype.ts";
import type { Half } from "../tensor/half.ts";
import { nth } from "../tensor/list.ts";
import { at, sizeOf } from "../tensor/shape.ts";

/**
 * Whether a product is rounded as it is computed: its sums have no more terms than there are of them. Longer sums may be
 * finished in memory, part by part, and a rounding of them afterwards reads them again.
 */
export const isFinal = ({ inputs, outputs, params }: Node<"dot">): boolean => {
  const terms = params.contract[0].reduce((n, axis) => n * at(inputs[0].shape, axis), 1);
  return terms <= sizeOf(nth(outputs, 0).shape);
};

/** An f32 rounded to a half, so that a plan may store it in two bytes. Scalars and other dtypes stay as they are. */
export const roundedTo = (half: Half, x: Expr, path: readonly string[] = []): Expr => {
  if (x.dtype !== "f32" || x.shape.length === 0 || isRounded(half, x)) return x;
  const narrow = apply("cast", { dtype: half }, [x], path);
  return apply("cast", { dtype: "f32" }, narrow, path)[0] as Expr;
};

/** Whether a value is known to be a number of the half. */
const isRounded = (half: Half, { node }: Expr): boolean =>
  (node.primitive === "cast" && node.inputs[0].dtype === half) ||
  (moves(node, half) && isRounded(half, nth<Expr>(node.inputs, 0)));

/** How a program and its derivative store halves. */
export interface Storage {
  /** The program that rounds what it stores. */
  readonly stored: (p: Program) => Program;
  /** Rounds a value that a loop keeps for the backward pass, if the program computes it and does not just get it. */
  readonly remember: (x: Expr) => Expr;
  /** Rounds a gradient that is a product; a sum over a batch is small beside what it adds up, and stays f32. */
  readonly gradient: (x: Expr) => Expr;
}

/**
 * Stores as halves what the products of a program read and write, and computes as before: the f32 values that `dot`
 * reads, through any rearrangement, and its results with their biases and the sums of these are rounded to the half, and
 * so are what a pool takes the maximum of, and the gates of a loop's cell.
 * All other operations take the rounded values as f32. Sums, norms, softmax and losses are computed in f32.
 *
 * Inputs of the program, such as params, stay f32. Products are computed in f32, from panels of f32: a copy of the
 * weights in half would be read, rounded, written, read and widened again, more bytes than it saves.
 *
 * **Source** Micikevicius et al. (2018), "Mixed precision training", which stores activations and gradients in half, and
 * accumulates in f32.
 */
export const storage = (half: Half): Storage => {
  /** What loops carry: inputs of their bodies, which the rounds before computed. */
  const carried = new WeakSet<AnyNode>();
  const isComputed = ({ node }: Expr): boolean => {
    if (moves(node, half)) return isComputed(nth<Expr>(node.inputs, 0));
    return carried.has(node) || !["parameter", "constant", "iota"].includes(node.primitive);
  };
  const known = new WeakMap<AnyNode, Map<number, Expr>>();
  const remember = (x: Expr): Expr => {
    const found = known.get(x.node)?.get(x.index);
    if (found !== undefined) return found;
    const made = isComputed(x) ? roundedTo(half, x, x.node.path) : x;
    known.set(x.node, (known.get(x.node) ?? new Map()).set(x.index, made));
    return made;
  };

  const storing = (p: Program, within?: Params<"scan">): Program => {
    const { outputs } = marksOf(half, p, within);
    const inputs = p.inputs.map(parameter);
    inputs.forEach(({ node }, i) => {
      if (within !== undefined && isCarried(within, i)) carried.add(node);
    });
    const values = new Map<AnyNode, readonly Expr[]>();
    p.inputs.forEach((x, i) => {
      values.set(x.node, [nth(inputs, i)]);
    });
    const valueOf = (x: Expr): Expr => values.get(x.node)?.[x.index] ?? x;
    for (const node of p.nodes) {
      const marked = outputs.get(node);
      values.set(
        node,
        rebuilt(node, node.inputs.map(valueOf)).map((y, i) =>
          marked?.has(i) === true ? roundedTo(half, y, node.path) : y,
        ),
      );
    }
    return program(inputs, p.outputs.map(valueOf));
  };

  /** A node over other operands, with the programs that it holds stored as halves too. */
  const rebuilt = (node: AnyNode, inputs: readonly Expr[]): readonly Expr[] => {
    const { path } = node;
    if (node.issue !== undefined) return reapply(node, inputs);
    switch (node.primitive) {
      case "scan": {
        const { body } = node.params;
        const read = marksOf(half, body, node.params).inputs;
        // What a product reads in each round is rounded in the round before, and so the first is rounded here.
        const first = inputs.map((x, i) =>
          read.has(i) && isCarried(node.params, i) ? roundedTo(half, x, path) : x,
        );
        return apply("scan", { ...node.params, body: storing(body, node.params) }, first, path);
      }
      case "cond": {
        const { onTrue, onFalse } = node.params;
        return apply("cond", { onTrue: storing(onTrue), onFalse: storing(onFalse) }, inputs, path);
      }
      case "call": {
        const { rules } = node.params;
        if (rules.kind !== "checkpoint") return reapply(node, inputs);
        return apply(
          "call",
          { ...node.params, program: storing(node.params.program) },
          inputs,
          path,
        );
      }
      default:
        return reapply(node, inputs);
    }
  };
  const isProduct = ({ node }: Expr): boolean =>
    node.primitive === "dot"
      ? node.issue === undefined && isFinal(node)
      : moves(node, half) && isProduct(nth<Expr>(node.inputs, 0));
  return {
    stored: (p) => storing(p),
    remember,
    gradient: (x) => (isProduct(x) ? roundedTo(half, x, x.node.path) : x),
  };
};

/** Whether a node only moves the elements of its first operand, so that halves may be moved instead. */
const moves = (node: AnyNode, half: Half): boolean => {
  switch (node.primitive) {
    case "reshape":
    case "transpose":
    case "broadcast":
    case "slice":
    case "reverse":
    case "window":
    case "gather":
    case "stopGradient":
      return true;
    case "pad":
      return Object.is(store(half, node.params.value), node.params.value);
    default:
      return false;
  }
};

/** Whether a value is windows of another, rearranged. */
const isWindowed = (half: Half, { node }: Expr): boolean =>
  node.primitive === "window" || (moves(node, half) && isWindowed(half, nth<Expr>(node.inputs, 0)));

/** Whether a loop carries this operand, and so makes it itself from the second round on. */
const isCarried = ({ constants, carry }: Params<"scan">, operand: number): boolean =>
  operand >= constants && operand < constants + carry;

/** The values that products read or write: outputs of nodes, and numbers of inputs. */
interface Marks {
  readonly outputs: ReadonlyMap<AnyNode, ReadonlySet<number>>;
  readonly inputs: ReadonlySet<number>;
}

/** The values of a program to round; `within` is the loop that it is the body of. */
const marksOf = (half: Half, p: Program, within?: Params<"scan">): Marks => {
  const numbers = new Map(p.inputs.map((x, i) => [x.node, i]));
  const outputs = new Map<AnyNode, Set<number>>();
  const inputs = new Set<number>();
  const mark = (node: AnyNode, index: number): void => {
    outputs.set(node, (outputs.get(node) ?? new Set()).add(index));
  };
  const read = (x: Expr): void => {
    const { node } = x;
    const number = numbers.get(node);
    if (number !== undefined) inputs.add(number);
    else if (node.primitive === "constant" || node.primitive === "iota") return;
    else if (moves(node, half)) read(nth<Expr>(node.inputs, 0));
    else mark(node, x.index);
  };
  const isStored = ({ node, index }: Expr): boolean =>
    outputs.get(node)?.has(index) === true ||
    (moves(node, half) && isStored(nth<Expr>(node.inputs, 0)));
  const users = new Map<AnyNode, AnyNode[]>();
  for (const node of p.nodes)
    for (const x of node.inputs) users.set(x.node, [...(users.get(x.node) ?? []), node]);
  for (const x of p.outputs) users.delete(x.node);
  /** Whether a value may be a bias: a broadcast, or what the program is given. */
  const isBias = ({ node }: Expr): boolean =>
    node.primitive === "broadcast" ||
    numbers.has(node) ||
    (moves(node, half) && isBias(nth<Expr>(node.inputs, 0)));
  /** The node whose value is stored in the place of a product: that with its biases, if nothing else reads it without. */
  const biased = (product: AnyNode): AnyNode => {
    const [only, ...others] = users.get(product) ?? [];
    if (only === undefined || others.length > 0) return product;
    // A transposed convolution adds up windows: their sums are stored, not the products.
    if (only.primitive === "overlapAdd") return biased(only);
    if (only.primitive === "reshape" || only.primitive === "transpose") {
      const later = biased(only);
      return later === only ? product : later;
    }
    return only.primitive === "add" && only.inputs.some(isBias) ? biased(only) : product;
  };
  for (const node of p.nodes) {
    if (node.issue !== undefined) continue;
    if (node.primitive === "dot") {
      mark(biased(node), 0);
      for (const x of node.inputs) read(x);
    }
    // A sum of products, each with its bias, is stored in their place.
    if (node.primitive === "add" && node.inputs.every((x) => isStored(x))) mark(node, 0);
    // The gates of a cell: each is a loop of its own, and is kept for the backward pass.
    if (within !== undefined && (node.primitive === "tanh" || node.primitive === "logistic"))
      mark(node, 0);
    // A pool keeps one number of a window: rounding it before or after is the same.
    const isPool = node.primitive === "reduce" && ["max", "min"].includes(node.params.kind);
    if (isPool && isWindowed(half, nth<Expr>(node.inputs, 0))) read(nth(node.inputs, 0));
    if (node.primitive !== "scan") continue;
    for (const number of marksOf(half, node.params.body, node.params).inputs)
      read(nth(node.inputs, number));
  }
  // What the next round reads as an operand of a product is rounded in this one; that may be an input in its turn.
  if (within !== undefined)
    for (const number of inputs)
      if (isCarried(within, number)) read(nth(p.outputs, number - within.constants));
  return { outputs, inputs };
};
