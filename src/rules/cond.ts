import { apply } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import { branch } from "../ir/loop.ts";
import { where } from "../ir/ops/control.ts";
import { broadcastTo } from "../ir/ops/operand.ts";
import { reshape } from "../ir/ops/structural.ts";
import { isFloat } from "../tensor/dtype.ts";
import { orZero, spread } from "./make.ts";
import { marked, pullInside, some, spreadOut } from "./partial.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/** Rules of choices. Each transforms both branches and chooses between those. */

export const jvp: JvpRules<"cond"> = {
  cond: ({ onTrue, onFalse }, [predicate, ...operands], [, ...ts], derive) => {
    const moving = ts.map(some);
    const count = operands.length;
    const moves = [onTrue, onFalse]
      .map((p) => derive.jvp(p, operands, ts).tangents.map(some))
      .reduce((a, b) => a.map((m, i) => m || (b[i] as boolean)));
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
      predicate as Expr,
      [...operands, ...(marked(ts, moving) as Expr[])],
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
        const wanted = active.map((a, i) => a && isFloat((operands[i] as Expr).dtype));
        const pulled = branch(
          predicate as Expr,
          [...operands, ...(marked(cts, given) as Expr[])],
          pullInside(derive, onTrue, wanted, given),
          pullInside(derive, onFalse, wanted, given),
        );
        return [undefined, ...spreadOut(pulled, wanted)];
      },
    };
  },
};

export const batch: BatchRules<"cond"> = {
  cond: (
    { onTrue, onFalse },
    [predicate, ...operands],
    [ofPredicate, ...ofOperands],
    axis,
    derive,
  ) => {
    const everywhere = (p: typeof onTrue) => (xs: readonly Expr[]) => {
      const inner = derive.batch(p, xs, ofOperands, axis);
      return inner.outputs.map((y, i) => spread(y, inner.batched[i], axis));
    };
    const one = predicate as Expr;
    const outputs = ofPredicate
      ? // Each example chooses for itself: both branches run.
        everywhere(onTrue)(operands).map((y, i) => {
          const chosen = broadcastTo(
            reshape(one, [axis.size, ...y.shape.slice(1).map(() => 1)]),
            y.shape,
          );
          return where(chosen, y, everywhere(onFalse)(operands)[i] as Expr) as Expr;
        })
      : branch(one, operands, everywhere(onTrue), everywhere(onFalse));
    return { outputs, batched: outputs.map(() => true) };
  },
};
