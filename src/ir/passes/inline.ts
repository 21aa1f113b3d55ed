import { nth } from "../../tensor/list.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { apply } from "../build.ts";
import type { AnyNode, Expr, Program } from "../expr.ts";
import { concerning, everywhere, type Pass, rewrite } from "./rewrite.ts";

/** Applies a program to `inputs`, node by node, with every node under `path`. */
const unfold = (p: Program, inputs: readonly Expr[], path: readonly string[]): readonly Expr[] => {
  const values = new Map<AnyNode, readonly Expr[]>();
  p.inputs.forEach((x, i) => {
    values.set(x.node, [nth(inputs, i)]);
  });
  const resolve = (x: Expr): Expr => values.get(x.node)?.[x.index] ?? x;
  for (const node of p.nodes) {
    const operands = node.inputs.map(resolve);
    values.set(node, apply(node.primitive, node.params, operands, [...path, ...node.path]));
  }
  return p.outputs.map(resolve);
};

/** The branch that a `cond` with a known predicate takes. */
const branchOf = (node: AnyNode, predicate: Expr | undefined): Program | undefined => {
  if (node.primitive !== "cond" || predicate?.node.primitive !== "constant") return undefined;
  return Tensor.read(predicate.node.params.value)[0] !== 0
    ? node.params.onTrue
    : node.params.onFalse;
};

const inlineHere = (checkpoints: boolean): Pass =>
  concerning(["call", "cond"], (p) =>
    rewrite(p, (node, inputs) => {
      if (node.issue !== undefined) return undefined;
      if (node.primitive === "call")
        return checkpoints || node.params.rules.kind !== "checkpoint"
          ? unfold(node.params.program, inputs, node.path)
          : undefined;
      const branch = branchOf(node, inputs[0]);
      return branch && unfold(branch, inputs.slice(1), node.path);
    }),
  );

/**
 * Inlines calls, and replaces a `cond` with a known predicate by its branch. Checkpoints stay: their nodes must not
 * be merged with equal nodes outside.
 */
export const inlineCalls: Pass = everywhere(inlineHere(false));

/** Inlines calls and checkpoints: for a backend, after the last pass that could merge nodes. */
export const inlineCheckpoints: Pass = everywhere(inlineHere(true));
