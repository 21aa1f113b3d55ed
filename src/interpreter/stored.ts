import { apply, parameter, reapply } from "../ir/build.ts";
import type { AnyNode, Expr, Program } from "../ir/expr.ts";
import { program } from "../ir/program.ts";
import { store } from "../tensor/dtype.ts";
import type { Half } from "../tensor/half.ts";
import { nth } from "../tensor/list.ts";

/** Whether a program computes a value, and does not just get it. */
const isComputed = (half: Half, { node }: Expr): boolean => {
  if (moves(node, half)) return isComputed(half, nth<Expr>(node.inputs, 0));
  return !["parameter", "constant", "iota"].includes(node.primitive);
};

/** Rounds the values that a program computes, each once: what a tape keeps for the backward pass. */
export const remembering = (half: Half): ((x: Expr) => Expr) => {
  const known = new WeakMap<AnyNode, Map<number, Expr>>();
  return (x) => {
    const found = known.get(x.node)?.get(x.index);
    if (found !== undefined) return found;
    const made = isComputed(half, x) ? roundedTo(half, x, x.node.path) : x;
    known.set(x.node, (known.get(x.node) ?? new Map()).set(x.index, made));
    return made;
  };
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

/**
 * A program that stores as halves what its products read and write, and computes as before: the f32 values that `dot`
 * reads, through any rearrangement, and its results with their bias are rounded to the half, and so is what a pool takes
 * the maximum of.
 * All other operations take the rounded values as f32. Sums, norms, softmax and losses are computed in f32.
 *
 * Inputs of the program, such as params, stay f32. Products are computed in f32, from panels of f32: a copy of the
 * weights in half would be read, rounded, written, read and widened again, more bytes than it saves.
 *
 * **Source** Micikevicius et al. (2018), "Mixed precision training", which stores activations and gradients in half, and
 * accumulates in f32.
 */
export const storedAs = (half: Half, p: Program): Program => storing(half, p, () => false);

/** `isMade` says which inputs a program makes itself, as a loop does what it carries. */
const storing = (half: Half, p: Program, isMade: (input: number) => boolean): Program => {
  const { outputs, inputs: read } = marksOf(half, p);
  const inputs = p.inputs.map(parameter);
  const values = new Map<AnyNode, readonly Expr[]>();
  p.inputs.forEach((x, i) => {
    const input = nth(inputs, i);
    values.set(x.node, [isMade(i) && read.has(i) ? roundedTo(half, input) : input]);
  });
  const valueOf = (x: Expr): Expr => values.get(x.node)?.[x.index] ?? x;
  for (const node of p.nodes) {
    const marked = outputs.get(node);
    values.set(
      node,
      rebuilt(half, node, node.inputs.map(valueOf)).map((y, i) =>
        marked?.has(i) === true ? roundedTo(half, y, node.path) : y,
      ),
    );
  }
  return program(inputs, p.outputs.map(valueOf));
};

/** A node over other operands, with the programs that it holds stored as halves too. */
const rebuilt = (half: Half, node: AnyNode, inputs: readonly Expr[]): readonly Expr[] => {
  const { path } = node;
  if (node.issue !== undefined) return reapply(node, inputs);
  switch (node.primitive) {
    case "scan": {
      const { body, constants, carry } = node.params;
      const isCarried = (i: number): boolean => i >= constants && i < constants + carry;
      const params = { ...node.params, body: storing(half, body, isCarried) };
      return apply("scan", params, inputs, path);
    }
    case "cond": {
      const { onTrue, onFalse } = node.params;
      const params = { onTrue: storedAs(half, onTrue), onFalse: storedAs(half, onFalse) };
      return apply("cond", params, inputs, path);
    }
    case "call": {
      const { rules } = node.params;
      if (rules.kind !== "checkpoint") return reapply(node, inputs);
      const params = { ...node.params, program: storedAs(half, node.params.program) };
      return apply("call", params, inputs, path);
    }
    default:
      return reapply(node, inputs);
  }
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

/** The values that products read or write: outputs of nodes, and numbers of inputs. */
interface Marks {
  readonly outputs: ReadonlyMap<AnyNode, ReadonlySet<number>>;
  readonly inputs: ReadonlySet<number>;
}

const marksOf = (half: Half, p: Program): Marks => {
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
  const users = new Map<AnyNode, AnyNode[]>();
  for (const node of p.nodes)
    for (const x of node.inputs) users.set(x.node, [...(users.get(x.node) ?? []), node]);
  for (const x of p.outputs) users.delete(x.node);
  /** The node whose value is stored in the place of a product: that with its bias, if nothing else reads it without. */
  const biased = (product: AnyNode): AnyNode => {
    const [only, ...others] = users.get(product) ?? [];
    if (only === undefined || others.length > 0) return product;
    if (only.primitive === "reshape" || only.primitive === "transpose") {
      const later = biased(only);
      return later === only ? product : later;
    }
    const isBias = only.inputs.some(({ node }) => node.primitive === "broadcast");
    return only.primitive === "add" && isBias ? only : product;
  };
  for (const node of p.nodes) {
    if (node.issue !== undefined) continue;
    if (node.primitive === "dot") {
      mark(biased(node), 0);
      for (const x of node.inputs) read(x);
    }
    // A pool keeps one number of a window: rounding it before or after is the same.
    const isPool = node.primitive === "reduce" && ["max", "min"].includes(node.params.kind);
    if (isPool && isWindowed(half, nth<Expr>(node.inputs, 0))) read(nth(node.inputs, 0));
    if (node.primitive !== "scan") continue;
    const { body, constants, carry } = node.params;
    for (const number of marksOf(half, body).inputs)
      if (number < constants || number >= constants + carry) read(nth(node.inputs, number));
  }
  return { outputs, inputs };
};
