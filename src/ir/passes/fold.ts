import { nth } from "../../tensor/list.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { apply1, constant } from "../build.ts";
import type { AnyNode, Expr, Program } from "../expr.ts";
import { innerPrograms } from "../program.ts";
import { type Pass, rewrite } from "./rewrite.ts";

/**
 * Evaluates a node on tensors. The rules and the interpreter come after `ir` in the order of imports, so folding
 * takes evaluation as an argument.
 */
export type EvaluateNode = (node: AnyNode, inputs: readonly Tensor[]) => readonly Tensor[];

/** Maximum elements of a folded constant that is larger than what it replaces. */
const smallConstant = 1024;
/** Maximum elements read and written to fold one node. */
const affordable = 2 ** 22;

/** A tensor of equal elements as the broadcast of a scalar; `undefined` for any other. */
const asRepetition = (value: Tensor): Expr | undefined => {
  const data = Tensor.read(value);
  if (data.length < 2 || !data.every((x) => Object.is(x, data[0]))) return undefined;
  const scalar = Tensor.own([], value.dtype, data.slice(0, 1));
  return apply1("broadcast", { shape: value.shape, axes: [] }, constant(scalar));
};

/** Whether a node's value is determined by its operands. */
const isPure = (node: AnyNode): boolean =>
  node.issue === undefined &&
  node.primitive !== "parameter" &&
  node.primitive !== "axisSum" &&
  // It may take forever.
  node.primitive !== "while" &&
  innerPrograms(node).every((p) => p.nodes.every(isPure));

/** The number of runs of the programs inside a node. */
const work = (node: AnyNode): number => {
  const inner = innerPrograms(node).reduce(
    (n, p) => n + p.nodes.reduce((m, each) => m + work(each), 0),
    0,
  );
  const outputs = node.outputs.reduce((n, t) => n + sizeOf(t.shape), 0);
  const inputs = node.inputs.reduce((n, x) => n + sizeOf(x.shape), 0);
  const own = node.primitive === "dot" ? outputs * Math.max(1, inputs) : outputs + inputs;
  return own + (node.primitive === "scan" ? node.params.length : 1) * inner;
};

/** Nodes that are cheap to compute and expensive to store: a backend computes them where they are used. */
const isPattern = (node: AnyNode): boolean =>
  node.primitive === "broadcast" || node.primitive === "iota";

/** Constant folding: evaluates nodes whose operands are all known, if the result is small enough to store. */
export const fold =
  (evaluate: EvaluateNode): Pass =>
  (p: Program): Program => {
    const patterns = new Map<AnyNode, readonly Tensor[]>();
    const known = new Map<AnyNode, boolean>();
    const isKnown = ({ node, shape }: Expr): boolean => {
      if (node.primitive === "constant") return true;
      if (!isPattern(node) || sizeOf(shape) > smallConstant) return false;
      const answer = known.get(node) ?? node.inputs.every(isKnown);
      known.set(node, answer);
      return answer;
    };
    /** The value of a constant expression. */
    const valueOf = ({ node, index }: Expr): Tensor => {
      if (node.primitive === "constant") return node.params.value;
      const values = patterns.get(node) ?? evaluate(node, node.inputs.map(valueOf));
      patterns.set(node, values);
      return nth(values, index);
    };

    return rewrite(p, (node, inputs) => {
      if (node.primitive === "constant") {
        const repetition = asRepetition(node.params.value);
        return repetition && [repetition];
      }
      if (isPattern(node) || !inputs.every(isKnown) || !isPure(node)) return undefined;
      const elements = (types: readonly { readonly shape: readonly number[] }[]): number =>
        types.reduce((n, t) => n + sizeOf(t.shape), 0);
      if (elements(node.outputs) > Math.max(smallConstant, elements(inputs))) return undefined;
      if (work(node) > affordable) return undefined;
      return evaluate(node, inputs.map(valueOf)).map(
        (value) => asRepetition(value) ?? constant(value),
      );
    });
  };
