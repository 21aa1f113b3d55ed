import type * as t from "io-ts/lib/index.js";
import { issuesOf } from "../../backend/check.ts";
import { CompileError, UnboundedLoop } from "../../errors.ts";
import type { AnyNode, Expr, Program } from "../../ir/expr.ts";
import { innerPrograms } from "../../ir/program.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorCodec } from "../tensor.ts";
import { type TypeJson, written } from "./params.ts";

/**
 * Programs as data.
 *
 * Values are numbered: first the inputs of a program, then the outputs of its nodes, in order. A node is its primitive,
 * the numbers of its operands, and its parameters. Constants, and the programs inside nodes, are named by their place
 * in lists; a program names only earlier ones, so that nothing contains itself. What a program computes is all there;
 * the paths of its layers and the derivative rules of its calls are not.
 */

/** A node as JSON. */
export type NodeJson = readonly [primitive: string, operands: readonly number[], params?: unknown];

/** One program of several as JSON. */
export interface OneJson {
  readonly inputs: readonly TypeJson[];
  readonly nodes: readonly NodeJson[];
  readonly outputs: readonly number[];
}

/** A program as JSON: the last of `programs`. */
export interface ProgramJson {
  readonly constants: readonly unknown[];
  readonly programs: readonly OneJson[];
}

/** The loops in a program that might not end, for whoever reads it. */
const unbounded = (program: Program): readonly UnboundedLoop[] =>
  program.nodes.flatMap((node) => [
    ...(node.primitive === "while" && node.params.bound === undefined
      ? [new UnboundedLoop({ by: "a program in a file", path: node.path })]
      : []),
    ...innerPrograms(node).flatMap(unbounded),
  ]);

/** **Fails with** `CompileError`, thrown. */
export const encodeProgram = (program: Program): ProgramJson => {
  const causes = [...issuesOf(program), ...unbounded(program)];
  if (causes.length > 0) throw new CompileError({ causes });
  const constants: unknown[] = [];
  const constantAt = new Map<Tensor, number>();
  const programs: OneJson[] = [];
  const programAt = new Map<Program, number>();
  const place = <A>(known: Map<A, number>, list: unknown[], key: A, json: unknown): number => {
    const at = list.push(json) - 1;
    known.set(key, at);
    return at;
  };

  const params = (node: AnyNode): unknown => {
    switch (node.primitive) {
      case "constant": {
        const { value } = node.params;
        const at =
          constantAt.get(value) ?? place(constantAt, constants, value, tensorCodec.encode(value));
        return { constant: at };
      }
      case "scan": {
        const { body, length, constants: shared, carry, reverse } = node.params;
        return { body: visit(body), length, constants: shared, carry, reverse };
      }
      case "while": {
        const { body, constants: shared, bound } = node.params;
        return { body: visit(body), constants: shared, bound };
      }
      case "cond":
        return { onTrue: visit(node.params.onTrue), onFalse: visit(node.params.onFalse) };
      case "call": {
        const { name, program: called, rules } = node.params;
        return { name, program: visit(called), kind: rules.kind };
      }
      case "parameter":
        return undefined; // one that is no input was refused
      default: {
        // The codec of a primitive is that of its own parameters.
        const codec: t.Encode<never, unknown> = written[node.primitive].params.encode;
        return codec(node.params as never);
      }
    }
  };

  const visit = (of: Program): number => {
    const known = programAt.get(of);
    if (known !== undefined) return known;
    const firstOf = new Map<AnyNode, number>();
    let count = 0;
    for (const { node } of of.inputs) {
      firstOf.set(node, count);
      count += 1;
    }
    const numberOf = (x: Expr): number => (firstOf.get(x.node) ?? 0) + x.index;
    const nodes = of.nodes.map((node): NodeJson => {
      firstOf.set(node, count);
      count += node.outputs.length;
      const said = params(node);
      const operands = node.inputs.map(numberOf);
      return isEmpty(said) ? [node.primitive, operands] : [node.primitive, operands, said];
    });
    return place(programAt, programs, of, {
      inputs: of.inputs.map(({ dtype, shape }): TypeJson => [dtype, ...shape]),
      nodes,
      outputs: of.outputs.map(numberOf),
    });
  };
  visit(program);
  return { constants, programs };
};

const isEmpty = (params: unknown): boolean =>
  typeof params === "object" && params !== null && Object.keys(params).length === 0;
