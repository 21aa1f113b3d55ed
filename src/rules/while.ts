import { UnboundedLoop } from "../errors.ts";
import { apply, parameter } from "../ir/build.ts";
import { branch, loop, repeated } from "../ir/control.ts";
import type { Expr, Params, Program } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { gt } from "../ir/ops/elementwise.ts";
import { sum } from "../ir/ops/reduction.ts";
import { close, inline } from "../ir/trace.ts";
import { refuse } from "../ir/types/diagnose.ts";
import { isFloat } from "../tensor/dtype.ts";
import { nth } from "../tensor/list.ts";
import { orZero, spread } from "./make.ts";
import { marked, settle, some, spreadOut } from "./partial.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/** Rules of `while`: tangents and examples go along in the loop. A pullback needs a bound: it is that of a `scan`. */

const split = <A>({ constants }: Params<"while">, values: readonly A[]) =>
  [values.slice(0, constants), values.slice(constants)] as const;

export const jvp: JvpRules<"while"> = {
  while: (params, primals, ts, derive) => {
    const { body, bound } = params;
    const [constants, carry] = split(params, primals);
    const [tc, tk] = split(params, ts);
    const width = carry.length;
    // A carry has a tangent if its initial value has, or if the body gives it one.
    const moves = settle(tk.map(some), (active) => {
      const guess = [...tc, ...active.map((a) => a || undefined)];
      const given = guess.map((t, i) => (t ? body.inputs[i] : undefined));
      return derive.jvp(body, body.inputs, given).tangents.map(some);
    });
    const moving = (xs: readonly Expr[], tangents: readonly (Expr | undefined)[]) => [
      ...xs,
      ...marked(
        xs.map((x, i) => orZero(tangents[i], x)),
        moves,
      ),
    ];
    const made = repeated(moving(carry, tk), bound, (held) => {
      const tangents = [...tc, ...spreadOut(held.slice(width), moves)];
      const inner = derive.jvp(body, [...constants, ...held.slice(0, width)], tangents);
      return moving(inner.outputs, inner.tangents);
    });
    return { outputs: made.slice(0, width), tangents: spreadOut(made.slice(width), moves) };
  },
};

/** A program of one round where the loop goes on, and of none where it has ended. */
const roundOrNone = ({ body, constants }: Params<"while">): Program => {
  const inputs = body.inputs.map(parameter);
  const fixed = inputs.slice(0, constants);
  const carry = inputs.slice(constants);
  const next = branch(
    nth(carry, 0),
    carry,
    (held) => inline(body, [...fixed, ...held]),
    (held) => held,
  );
  return close(inputs, next).program;
};

export const vjp: VjpRules<"while"> = {
  while: (params, primals, active, derive) => {
    const { body, bound } = params;
    const [ofConstants, ofCarry] = split(params, active);
    if (bound !== undefined) {
      const round = roundOrNone(params);
      const inputs = body.inputs.map(parameter);
      const [fixed, carry] = split(params, inputs);
      const rounds = loop({ carry, xs: [], length: bound, reverse: false }, (held) => ({
        carry: inline(round, [...fixed, ...held]),
        ys: [],
      }));
      return derive.vjp(close(inputs, rounds.carry).program, primals, active);
    }
    const carried = settle(
      ofCarry,
      (grown) => derive.vjp(body, body.inputs, [...ofConstants, ...grown]).active,
    );
    const issue = new UnboundedLoop({ by: "reverse mode", path: [] });
    return {
      outputs: apply("while", params, primals),
      pullback: () =>
        primals.map((x, i) =>
          carried.includes(true) && active[i] === true && isFloat(x.dtype)
            ? refuse(issue, [x], [x])[0]
            : undefined,
        ),
    };
  },
};

export const batch: BatchRules<"while"> = {
  while: (params, inputs, batched, axis, derive) => {
    const { body, bound } = params;
    const [fixed, carry] = split(params, inputs);
    const [ofFixed, ofCarry] = split(params, batched);
    const typed = (flags: readonly boolean[]) =>
      body.inputs.map((x, i) =>
        parameter(flags[i] ? { shape: [axis.size, ...x.shape], dtype: x.dtype } : x),
      );
    const carried = settle(ofCarry, (grown) => {
      const flags = [...ofFixed, ...grown];
      return derive.batch(body, typed(flags), flags, axis).batched;
    });
    const each = (p: Program, held: readonly Expr[], flags: readonly boolean[]) => {
      const inner = derive.batch(p, [...fixed, ...held], [...ofFixed, ...flags], axis);
      return inner.outputs.map((k, i) => (flags[i] ? spread(k, inner.batched[i], axis) : k));
    };
    if (carried[0] !== true) {
      const start = carry.map((k, i) => (carried[i] ? spread(k, ofCarry[i], axis) : k));
      const outputs = repeated(start, bound, (held) => each(body, held, carried));
      return { outputs, batched: carried };
    }
    // Examples end at different rounds: the loop goes on while one of them does, and the others keep what they have.
    const all = carry.map(() => true);
    const round = roundOrNone(params);
    const goesOn = (held: readonly Expr[]): readonly Expr[] => [
      gt(sum(cast(nth(held, 0), "i32")), 0),
      ...held,
    ];
    const start = carry.map((k, i) => spread(k, ofCarry[i], axis));
    const made = repeated(goesOn(start), bound, (held) => goesOn(each(round, held.slice(1), all)));
    return { outputs: made.slice(1), batched: all };
  },
};
