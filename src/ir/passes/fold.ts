import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { apply1, constant } from "../build.ts";
import type { AnyNode, Expr, Program } from "../expr.ts";
import { innerPrograms } from "../graph.ts";
import { type Pass, rewrite } from "./rewrite.ts";

/**
 * What a node computes, on tensors. Evaluation is the business of rules and of an interpreter, which
 * stand to the right of `ir`; so folding is given it.
 */
export type EvaluateNode = (node: AnyNode, inputs: readonly Tensor[]) => readonly Tensor[];

/** Elements that a folded constant may have, if it is larger than what it is made of. */
const smallConstant = 1024;
/** Elements that are read and written to fold one node, at most. */
const affordable = 2 ** 22;

/** A tensor as an expression: one number and its repetition, where that is all it is. */
const asExpr = (value: Tensor): Expr => {
  const data = Tensor.read(value);
  if (data.length < 2 || !data.every((x) => Object.is(x, data[0]))) return constant(value);
  const scalar = Tensor.own([], value.dtype, data.slice(0, 1));
  return apply1("broadcast", { shape: value.shape, axes: [] }, constant(scalar));
};

/** Whether a node is known once its operands are. */
const isPure = (node: AnyNode): boolean =>
  node.issue === undefined &&
  node.primitive !== "parameter" &&
  node.primitive !== "axisSum" &&
  innerPrograms(node).every((p) => p.nodes.every(isPure));

/** How often the programs inside a node run. */
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

/** Cheap to make again, dear to keep: a backend computes them where they are used. */
const isPattern = (node: AnyNode): boolean =>
  node.primitive === "broadcast" || node.primitive === "iota";

/** Evaluates nodes all of whose operands are known, where what comes out is no burden to keep. */
export const fold =
  (evaluate: EvaluateNode): Pass =>
  (p: Program): Program => {
    const patterns = new Map<AnyNode, readonly Tensor[]>();
    const known = (x: Expr): Tensor | undefined => {
      if (x.node.primitive === "constant") return x.node.params.value;
      const remembered = patterns.get(x.node);
      if (remembered !== undefined) return remembered[x.index];
      if (!isPattern(x.node) || sizeOf(x.shape) > smallConstant) return undefined;
      const inputs = x.node.inputs.map(known);
      if (!inputs.every((t) => t !== undefined)) return undefined;
      const values = evaluate(x.node, inputs);
      patterns.set(x.node, values);
      return values[x.index];
    };

    return rewrite(p, (node, inputs) => {
      if (node.primitive === "constant") {
        const expr = asExpr(node.params.value);
        return expr.node.primitive === "constant" ? undefined : [expr];
      }
      if (isPattern(node) || !isPure(node)) return undefined;
      const elements = (types: readonly { readonly shape: readonly number[] }[]): number =>
        types.reduce((n, t) => n + sizeOf(t.shape), 0);
      if (elements(node.outputs) > Math.max(smallConstant, elements(inputs))) return undefined;
      if (work(node) > affordable) return undefined;
      const values = inputs.map(known);
      if (!values.every((t) => t !== undefined)) return undefined;
      return evaluate(node, values).map(asExpr);
    });
  };
