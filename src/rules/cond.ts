import { apply } from "../ir/build.ts";
import { branch } from "../ir/control.ts";
import type { Expr, Program } from "../ir/expr.ts";
import { cast, stopGradient, where } from "../ir/ops/control.ts";
import { gt, not } from "../ir/ops/elementwise.ts";
import { take } from "../ir/ops/indexing.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { argmax, sum } from "../ir/ops/reduction.ts";
import { reshape } from "../ir/ops/structural.ts";
import { mentionsAxis } from "../ir/program.ts";
import { isFloat } from "../tensor/dtype.ts";
import { nth } from "../tensor/list.ts";
import type { Shape } from "../tensor/shape.ts";
import { orZero, spread } from "./make.ts";
import { marked, pullInside, some, spreadOut } from "./partial.ts";
import type { BatchRules, JvpRules, MappedAxis, VjpRules } from "./rule.ts";

/** Rules of `cond`: each transforms both branches and chooses between the results. */

export const jvp: JvpRules<"cond"> = {
  cond: ({ onTrue, onFalse }, [predicate, ...operands], [, ...ts], derive) => {
    const moving = ts.map(some);
    const count = operands.length;
    const moves = [onTrue, onFalse]
      .map((p) => derive.jvp(p, operands, ts).tangents.map(some))
      .reduce((a, b) => a.map((m, i) => m || b[i] === true));
    const along = (p: typeof onTrue) => (xs: readonly Expr[]) => {
      const inner = derive.jvp(p, xs.slice(0, count), spreadOut(xs.slice(count), moving));
      return [
        ...inner.outputs,
        ...marked(
          inner.outputs.map((o, i) => orZero(inner.tangents[i], o)),
          moves,
        ),
      ];
    };
    const both = branch(
      predicate,
      [...operands, ...ts.filter(some)],
      along(onTrue),
      along(onFalse),
    );
    return {
      outputs: both.slice(0, moves.length),
      tangents: spreadOut(both.slice(moves.length), moves),
    };
  },
};

export const vjp: VjpRules<"cond"> = {
  cond: ({ onTrue, onFalse }, primals, [, ...active], derive) => {
    const [predicate, ...operands] = primals;
    const outputs = apply("cond", { onTrue, onFalse }, primals);
    return {
      outputs,
      pullback: (cts) => {
        const given = cts.map(some);
        const wanted = operands.map((x, i) => active[i] === true && isFloat(x.dtype));
        const pulled = branch(
          predicate,
          [...operands, ...cts.filter(some)],
          pullInside(derive, onTrue, wanted, given),
          pullInside(derive, onFalse, wanted, given),
        );
        return [undefined, ...spreadOut(pulled, wanted)];
      },
    };
  },
};

/**
 * Safe operands for a batched branch that only the examples marked by `taken` take. The other examples run it too and
 * discard the result, but their derivatives could be infinite or NaN, and 0·∞ is NaN. So they run it on the operands
 * of the first example that takes it, without derivatives; if none takes it, shared operands get no derivative
 * either. A branch that sums across the examples gets all operands unchanged.
 */
const safeOperands = (
  taken: Expr,
  branch: Program,
  operands: readonly Expr[],
  batched: readonly boolean[],
  { size, name }: MappedAxis,
): readonly Expr[] => {
  if (size === 0 || (name !== undefined && branch.nodes.some((n) => mentionsAxis(n, name))))
    return operands;
  const counts = cast(taken, "i32");
  const [someTake, first] = [gt(sum(counts), 0), argmax(counts, 0)] as const;
  return operands.map((x, i) => {
    if (!batched[i]) return isFloat(x.dtype) ? where(someTake, x, stopGradient(x)) : x;
    return where(along(taken, x.shape), x, stopGradient(take(x, first)));
  });
};

/** Selects, for each example, the result that it chose. */
const selectPerExample = (each: Expr, yes: readonly Expr[], no: readonly Expr[]): readonly Expr[] =>
  yes.map((y, i) => where(along(each, y.shape), y, nth(no, i)));

/** Broadcasts one bool per example to the shape of the examples. */
const along = (each: Expr, shape: Shape): Expr =>
  broadcastTo(reshape(each, [...each.shape, ...shape.slice(1).map(() => 1)]), shape);

export const batch: BatchRules<"cond"> = {
  cond: (
    { onTrue, onFalse },
    [predicate, ...operands],
    [ofPredicate, ...ofOperands],
    axis,
    derive,
  ) => {
    const everywhere = (p: Program) => (xs: readonly Expr[]) => {
      const inner = derive.batch(p, xs, ofOperands, axis);
      return inner.outputs.map((y, i) => spread(y, inner.batched[i], axis));
    };
    const of = (taken: Expr, p: Program) => safeOperands(taken, p, operands, ofOperands, axis);
    // Each example chooses for itself, so both branches run.
    const outputs = ofPredicate
      ? selectPerExample(
          predicate,
          everywhere(onTrue)(of(predicate, onTrue)),
          everywhere(onFalse)(of(not(predicate), onFalse)),
        )
      : branch(predicate, operands, everywhere(onTrue), everywhere(onFalse));
    return { outputs, batched: outputs.map(() => true) };
  },
};
