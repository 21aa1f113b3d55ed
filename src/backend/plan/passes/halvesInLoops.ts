import { optimize } from "../../../interpreter/optimize.ts";
import { apply, filled, parameter } from "../../../ir/build.ts";
import type { AnyNode, Expr, Program } from "../../../ir/expr.ts";
import { literal } from "../../../ir/passes/peephole/match.ts";
import { concerning, everywhere, rewrite } from "../../../ir/passes/rewrite.ts";
import { program } from "../../../ir/program.ts";
import { substitute } from "../../../ir/trace.ts";
import { type Dtype, isHalf, store } from "../../../tensor/dtype.ts";
import type { Half } from "../../../tensor/half.ts";
import { nth } from "../../../tensor/list.ts";

/**
 * Carries and stacks halves as halves: where a loop stacks an f32 that is a widened half, or that is only rounded to one
 * later, or reads or carries one, it stacks, reads or carries the half, and widens it on the other side. So what a forward loop keeps for the backward one takes two bytes a number.
 */

const halfOf = (x: Expr): Expr | undefined => {
  if (x.dtype !== "f32" || x.node.primitive !== "cast") return undefined;
  const [source] = x.node.inputs;
  return isHalf(source.dtype) ? source : undefined;
};

/** A value in the half that it is known to fit: a widened one, or one number everywhere. */
const asHalf = (dtype: Half, x: Expr): Expr | undefined => {
  const half = halfOf(x);
  if (half !== undefined) return half.dtype === dtype ? half : undefined;
  const value = literal(x);
  const fits = value !== undefined && Object.is(store(dtype, value), value);
  return fits ? filled(x.shape, dtype, value) : undefined;
};

const widened = (x: Expr): Expr =>
  isHalf(x.dtype) ? (apply("cast", { dtype: "f32" }, [x], x.node.path)[0] as Expr) : x;

/** The half to which every use of an output rounds it, if there is one. */
const roundingOf = (p: Program): ((node: AnyNode, index: number) => Half | undefined) => {
  const uses = new Map<AnyNode, Map<number, Dtype>>();
  const use = ({ node, index, dtype }: Expr, rounded: Dtype = dtype): void => {
    const own = uses.get(node) ?? new Map<number, Dtype>();
    // Uses of more than one dtype are those of a value that stays as it is.
    uses.set(node, own.set(index, (own.get(index) ?? rounded) === rounded ? rounded : dtype));
  };
  for (const node of p.nodes)
    for (const x of node.inputs) use(x, node.primitive === "cast" ? node.params.dtype : undefined);
  for (const x of p.outputs) use(x);
  return (node, index) => {
    const rounded = uses.get(node)?.get(index);
    return rounded !== undefined && isHalf(rounded) ? rounded : undefined;
  };
};

const narrowed = (p: Program): Program => {
  const rounding = roundingOf(p);
  /** The half that a loop may stack in the place of an output of its body. */
  const halfOfStack = (node: AnyNode, y: Expr, i: number): Expr | undefined => {
    const half = y.dtype === "f32" ? rounding(node, i) : undefined;
    return halfOf(y) ?? (half && apply("cast", { dtype: half }, [y], y.node.path)[0]);
  };
  return rewrite(p, (node, inputs) => {
    if (node.primitive !== "scan" || node.issue !== undefined) return undefined;
    const { body, constants, carry } = node.params;
    const made = body.outputs.map((y, i) => {
      if (i >= carry) return halfOfStack(node, y, i);
      const own = halfOf(y);
      return own && asHalf(own.dtype as Half, nth(inputs, constants + i)) && own;
    });
    const inside = roundingOf(body);
    const given = inputs.map((x, i) => {
      if (i < constants) return halfOf(x);
      if (i >= constants + carry) {
        const { node: slice, index, dtype } = nth<Expr>(body.inputs, i);
        const half = dtype === "f32" ? inside(slice, index) : undefined;
        return halfOf(x) ?? (half && apply("cast", { dtype: half }, [x], x.node.path)[0]);
      }
      const half = made[i - constants]?.dtype;
      return half && asHalf(half as Half, x);
    });
    if ([...given, ...made].every((half) => half === undefined)) return undefined;
    const own = body.inputs.map((x, i) => {
      const half = given[i];
      return half === undefined ? x : parameter({ shape: x.shape, dtype: half.dtype });
    });
    const outputs = substitute(
      body.inputs,
      own.map(widened),
      body.outputs.map((y, i) => made[i] ?? y),
    );
    const outs = apply(
      "scan",
      { ...node.params, body: program(own, outputs) },
      inputs.map((x, i) => given[i] ?? x),
      node.path,
    );
    return outs.map((y, i) => (made[i] === undefined ? nth(outs, i) : widened(y)));
  });
};

export const halvesInLoops = (p: Program): Program => {
  const next = everywhere(concerning(["scan"], narrowed))(p);
  return next === p ? p : optimize(next);
};
