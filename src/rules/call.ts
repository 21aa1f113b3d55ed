import { apply } from "../ir/build.ts";
import { call } from "../ir/control.ts";
import type { CallRules, Expr } from "../ir/expr.ts";
import { sum } from "../ir/ops/reduction.ts";
import { index } from "../ir/ops/structural.ts";
import { trace } from "../ir/trace.ts";
import { ascribe } from "../ir/types/diagnose.ts";
import { isFloat } from "../tensor/dtype.ts";
import { orZero, spread } from "./make.ts";
import { pullInside, some, spreadOut } from "./partial.ts";
import type { BatchRules, Derive, JvpRules, MappedAxis, VjpRules } from "./rule.ts";

/**
 * Checks the derivatives that a user's rule made, one for each of `values`: they must have the types of `values`, and
 * are invalid if not. For a value without a derivative anything is accepted.
 */
const ofTypes = (
  op: string,
  values: readonly Expr[],
  made: readonly (Expr | undefined)[],
): readonly (Expr | undefined)[] => {
  const moving = values.map((x, i) => isFloat(x.dtype) && (some(made[i]) || i >= made.length));
  const types = values.filter((_, i) => moving[i]);
  const extra = made.slice(values.length).filter(some);
  const given = made.filter((_, i) => moving[i]).filter(some);
  const ascribed = ascribe(op, types, [...given, ...extra]);
  return spreadOut(ascribed, moving);
};

/**
 * Rules of `call`, a program used as one operation: its custom rules if it has them, and otherwise those of the
 * program.
 */

export const jvp: JvpRules<"call"> = {
  call: (params, primals, ts, derive) => {
    const { rules, name, program } = params;
    if (rules.kind === "custom") {
      if (rules.jvp === undefined) return derive.jvp(program, primals, ts);
      const outputs = apply("call", params, primals);
      const made = rules.jvp(
        primals,
        primals.map((x, i) => orZero(ts[i], x)),
      );
      return { outputs, tangents: ofTypes(`the jvp of ${name}`, outputs, made) };
    }
    const moving = ts.map(some);
    const count = primals.length;
    const moves = derive.jvp(program, primals, ts).tangents.map(some);
    const both = call(name, rules, [...primals, ...ts.filter(some)], (xs) => {
      const inner = derive.jvp(program, xs.slice(0, count), spreadOut(xs.slice(count), moving));
      return [...inner.outputs, ...inner.tangents.filter(some)];
    });
    return {
      outputs: both.slice(0, moves.length),
      tangents: spreadOut(both.slice(moves.length), moves),
    };
  },
};

export const vjp: VjpRules<"call"> = {
  call: (params, primals, active, derive) => {
    const { rules, name, program } = params;
    if (rules.kind === "custom") {
      if (rules.vjp === undefined) return derive.vjp(program, primals, active);
      const { outputs, pullback } = rules.vjp(primals);
      return {
        outputs,
        pullback: (cts) =>
          cts.some(some)
            ? ofTypes(
                `the vjp of ${name}`,
                primals,
                pullback(outputs.map((o, i) => orZero(cts[i], o))),
              )
            : primals.map(() => undefined),
      };
    }
    return {
      outputs: apply("call", params, primals),
      pullback: (cts) => {
        const given = cts.map(some);
        const wanted = primals.map((x, i) => active[i] === true && isFloat(x.dtype));
        const operands = [...primals, ...cts.filter(some)];
        return spreadOut(
          call(name, rules, operands, pullInside(derive, program, wanted, given)),
          wanted,
        );
      },
    };
  },
};

export const batch: BatchRules<"call"> = {
  call: (params, inputs, batched, axis, derive) => {
    const { name, program, rules } = params;
    const mapped = derive.batch(program, inputs, batched, axis).batched;
    const lifted =
      rules.kind === "custom"
        ? liftRules(name, rules, program.inputs, batched, mapped, axis, derive)
        : rules;
    const outputs = call(
      name,
      lifted,
      inputs,
      (xs) => derive.batch(program, xs, batched, axis).outputs,
    );
    return { outputs, batched: mapped };
  },
};

/** Lifts custom rules for one example to rules for a batch: each rule is a program, and is batched. */
const liftRules = (
  name: string,
  rules: Extract<CallRules, { readonly kind: "custom" }>,
  types: readonly Expr[],
  batched: readonly boolean[],
  mapped: readonly boolean[],
  axis: MappedAxis,
  derive: Derive,
): typeof rules => {
  const { jvp: along, vjp: back } = rules;
  const everyOutput = mapped.map(() => true);
  /**
   * Applies `f`, written for one example, to a batch; each output gets the mapped axis, or is summed over it if
   * `sums` says so.
   */
  const map = (
    f: (xs: readonly Expr[]) => readonly Expr[],
    xs: readonly Expr[],
    flags: readonly boolean[],
  ): readonly Expr[] => {
    const examples = xs.map((x, i) => ({
      shape: flags[i] ? x.shape.slice(1) : x.shape,
      dtype: x.dtype,
    }));
    const { program: mappedProgram, captured } = trace(examples, f);
    const made = derive.batch(
      mappedProgram,
      [...captured, ...xs],
      [...captured.map(() => false), ...flags],
      axis,
    );
    return made.outputs.map((y, i) => spread(y, made.batched[i], axis));
  };
  return {
    kind: "custom",
    ...(along && {
      jvp: (primals, tangents) =>
        map(
          (xs) => along(xs.slice(0, types.length), xs.slice(types.length)),
          [...primals, ...tangents],
          [...batched, ...batched],
        ).map((t, i) => (mapped[i] ? t : index0(t))),
    }),
    ...(back && {
      vjp: (primals) => {
        const forward = map((xs) => back(xs).outputs, primals, batched);
        const outputs = forward.map((y, i) => (mapped[i] ? y : index0(y)));
        return {
          outputs,
          pullback: (cts) => {
            const every = cts.map((ct, i) => spread(ct, mapped[i], axis));
            const given = (xs: readonly Expr[]) => {
              const primal = xs.slice(0, types.length);
              const pulled = ofTypes(
                `the vjp of ${name}`,
                primal,
                back(primal).pullback(xs.slice(types.length)),
              );
              return primal.map((x, i) => orZero(pulled[i], x));
            };
            // The cotangent of an operand that all examples share is the sum over the examples.
            return map(given, [...primals, ...every], [...batched, ...everyOutput]).map((ct, i) =>
              batched[i] ? ct : sum(ct, 0),
            );
          },
        };
      },
    }),
  };
};

const index0 = (x: Expr): Expr => index(x, 0);
