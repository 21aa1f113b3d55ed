import { type Each, each, nth } from "../tensor/list.ts";
import { apply, parameter } from "./build.ts";
import { type CallRules, Expr, type TensorType } from "./expr.ts";
import { program } from "./program.ts";
import { close, type Traced, trace } from "./trace.ts";

/**
 * Makes control primitives from functions: each function is traced, and the values that it captures become operands.
 */

const elementOf = (x: Expr): TensorType => ({ shape: x.shape.slice(1), dtype: x.dtype });

/** The result of one loop step: the next carry, and one slice of each stacked output. */
export interface LoopStep<
  C extends readonly Expr[] = readonly Expr[],
  Y extends readonly Expr[] = readonly Expr[],
> {
  readonly carry: Each<C, Expr>;
  readonly ys: Y;
}

/**
 * Makes a `scan` node from a step function of carry and slices. The outputs are the last carry, then the stacked
 * `ys`.
 */
export const loop = <
  const C extends readonly Expr[],
  const X extends readonly Expr[],
  const Y extends readonly Expr[],
>(
  operands: {
    readonly carry: C;
    readonly xs: X;
    readonly length: number;
    readonly reverse: boolean;
  },
  step: (carry: Each<C, Expr>, x: Each<X, Expr>) => LoopStep<C, Y>,
): LoopStep<C, Each<Y, Expr>> => {
  const { carry, xs, length, reverse } = operands;
  const since = Expr.now();
  const [held, slices] = [each(carry, parameter), each(xs, (x) => parameter(elementOf(x)))];
  const inputs = [...held, ...slices];
  const made = step(held, slices);
  const { program: body, captured } = close(inputs, [...made.carry, ...made.ys], undefined, since);
  const outputs = apply(
    "scan",
    { body, length, constants: captured.length, carry: carry.length, reverse },
    [...captured, ...carry, ...xs],
  );
  return {
    carry: each(carry, (_, i) => nth(outputs, i)),
    ys: each(made.ys, (_, i) => nth(outputs, carry.length + i)),
  };
};

/**
 * Makes a `while` node: as long as the first of the carry, a bool scalar, is true, `step` maps the carry to the next,
 * at most `bound` times.
 */
export const repeated = (
  carry: readonly Expr[],
  bound: number | undefined,
  step: (carry: readonly Expr[]) => readonly Expr[],
): readonly Expr[] => {
  const { program: body, captured } = trace(carry, step);
  const operands = [...captured, ...carry];
  return apply("while", { body, constants: captured.length, bound }, operands);
};

type Branch<Xs extends readonly unknown[]> = (operands: Each<Xs, Expr>) => readonly Expr[];

/** Makes a `cond` node from two functions of the same operands. */
export const branch = <const Xs extends readonly Expr[]>(
  predicate: Expr,
  operands: Xs,
  onTrue: Branch<Xs>,
  onFalse: Branch<Xs>,
): readonly Expr[] => {
  const [yes, no] = [trace(operands, onTrue), trace(operands, onFalse)];
  const ignored = (t: Traced) => t.captured.map(parameter);
  const own = (t: Traced) => t.program.inputs.slice(t.captured.length);
  const captures = (t: Traced) => t.program.inputs.slice(0, t.captured.length);
  return apply(
    "cond",
    {
      onTrue: program([...captures(yes), ...ignored(no), ...own(yes)], yes.program.outputs),
      onFalse: program([...ignored(yes), ...captures(no), ...own(no)], no.program.outputs),
    },
    [predicate, ...yes.captured, ...no.captured, ...operands],
  );
};

/** Makes a `call` node: a function as one operation, with its own derivative `rules`. */
export const call = <const Xs extends readonly Expr[]>(
  name: string,
  rules: CallRules,
  operands: Xs,
  f: Branch<Xs>,
): readonly Expr[] => {
  const { program: body, captured } = trace(operands, f);
  return apply("call", { name, program: body, rules: skip(rules, captured.length) }, [
    ...captured,
    ...operands,
  ]);
};

/** Extends rules of a function's own operands to the captured operands in front of them, which are constants. */
const skip = (rules: CallRules, count: number): CallRules => {
  if (rules.kind !== "custom" || count === 0) return rules;
  const { jvp, vjp } = rules;
  return {
    kind: "custom",
    ...(jvp && { jvp: (primals, tangents) => jvp(primals.slice(count), tangents.slice(count)) }),
    ...(vjp && {
      vjp: (primals) => {
        const { outputs, pullback } = vjp(primals.slice(count));
        return {
          outputs,
          pullback: (cts) => [...primals.slice(0, count).map(() => undefined), ...pullback(cts)],
        };
      },
    }),
  };
};
