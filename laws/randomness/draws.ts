import * as fc from "fast-check";
import { parameter } from "../../src/ir/build.ts";
import type { AnyNode, Expr } from "../../src/ir/expr.ts";
import { hash } from "../../src/ir/hash/hash.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { innerPrograms, program, topological } from "../../src/ir/program.ts";
import { inline } from "../../src/ir/trace.ts";
import { type Law, law } from "../law.ts";

/** Anything built with a random key: an augmentation of an image, or a layer that drops. */
export interface Drawing {
  readonly name: string;
  readonly build: (key: KeyExpr) => readonly Expr[];
}

/**
 * Whether a draw is the first half of `foldInKey`. One key may have many of these, which differ in the folded number.
 */
const isFolded = (draw: AnyNode, nodes: readonly AnyNode[]): boolean => {
  const usersOf = (of: AnyNode) =>
    nodes.filter((node) => node.inputs.some((input) => input.node === of));
  const goesOnlyTo = (of: AnyNode, to: AnyNode["primitive"]): boolean =>
    usersOf(of).length > 0 && usersOf(of).every((user) => user.primitive === to);
  return goesOnlyTo(draw, "xor") && usersOf(draw).every((xor) => goesOnlyTo(xor, "randomBits"));
};

/**
 * The key of each draw, identified by the computation that made it. Called programs are inspected with their arguments;
 * loops and branches are inspected on their own.
 */
const keysOf = (
  inputs: readonly Expr[],
  nodes: readonly AnyNode[],
  within = "",
): readonly string[] =>
  nodes.flatMap((node, at) => {
    if (node.primitive === "randomBits")
      return isFolded(node, nodes)
        ? []
        : [`${within} ${hash(program(inputs, [node.inputs[0] as Expr]))}`];
    if (node.primitive === "call") {
      const known = node.inputs.map((input) => input.node);
      const made = topological(inline(node.params.program, node.inputs), known);
      return keysOf(inputs, made, within);
    }
    return innerPrograms(node).flatMap((inner, i) =>
      keysOf(inner.inputs, inner.nodes, `${within}/${at}.${i}`),
    );
  });

/** A key is used once, for one draw or to be split: two draws with one key are not independent. */
export const oneDrawPerKey: Law<Drawing> = law(
  "one draw per key",
  "no two draws use the same key",
  ({ build }: Drawing) => ({
    given: fc.constant(undefined),
    breach: () => {
      const key = parameter({ shape: [2], dtype: "i32" }) as KeyExpr;
      const keys = keysOf([key], program([key], build(key)).nodes);
      const twice = keys.length - new Set(keys).size;
      return twice === 0 ? undefined : `${twice} of ${keys.length} draws reuse a key`;
    },
  }),
);
