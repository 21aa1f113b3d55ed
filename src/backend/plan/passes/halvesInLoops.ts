import { optimize } from "../../../interpreter/optimize.ts";
import { apply, parameter } from "../../../ir/build.ts";
import type { Expr, Program } from "../../../ir/expr.ts";
import { concerning, everywhere, rewrite } from "../../../ir/passes/rewrite.ts";
import { program } from "../../../ir/program.ts";
import { substitute } from "../../../ir/trace.ts";
import { isHalf } from "../../../tensor/dtype.ts";
import { nth } from "../../../tensor/list.ts";

/**
 * Stacks halves as halves: where a loop stacks an f32 that is a widened half, or reads one, it stacks or reads the half,
 * and widens it on the other side. So what a forward loop keeps for the backward one takes two bytes a number.
 */

const halfOf = (x: Expr): Expr | undefined => {
  if (x.dtype !== "f32" || x.node.primitive !== "cast") return undefined;
  const [source] = x.node.inputs;
  return isHalf(source.dtype) ? source : undefined;
};

const widened = (x: Expr): Expr =>
  isHalf(x.dtype) ? (apply("cast", { dtype: "f32" }, [x], x.node.path)[0] as Expr) : x;

const narrowed = (p: Program): Program =>
  rewrite(p, (node, inputs) => {
    if (node.primitive !== "scan" || node.issue !== undefined) return undefined;
    const { body, constants, carry } = node.params;
    const isCarried = (i: number): boolean => i >= constants && i < constants + carry;
    const given = inputs.map((x, i) => (isCarried(i) ? undefined : halfOf(x)));
    const stacked = body.outputs.map((y, i) => (i < carry ? undefined : halfOf(y)));
    if ([...given, ...stacked].every((half) => half === undefined)) return undefined;
    const own = body.inputs.map((x, i) => {
      const half = given[i];
      return half === undefined ? x : parameter({ shape: x.shape, dtype: half.dtype });
    });
    const outputs = substitute(
      body.inputs,
      own.map(widened),
      body.outputs.map((y, i) => stacked[i] ?? y),
    );
    const made = apply(
      "scan",
      { ...node.params, body: program(own, outputs) },
      inputs.map((x, i) => given[i] ?? x),
      node.path,
    );
    return made.map((y, i) => (stacked[i] === undefined ? nth(made, i) : widened(y)));
  });

export const halvesInLoops = (p: Program): Program => {
  const next = everywhere(concerning(["scan"], narrowed))(p);
  return next === p ? p : optimize(next);
};
