import { apply, parameter } from "../ir/build.ts";
import type { Expr, Params } from "../ir/expr.ts";
import { branch, call, loop } from "../ir/loop.ts";
import { where } from "../ir/ops/control.ts";
import { broadcastTo } from "../ir/ops/operand.ts";
import { sum } from "../ir/ops/reduction.ts";
import { index, moveAxis, reshape } from "../ir/ops/structural.ts";
import { close, dependsOn, substitute, trace } from "../ir/trace.ts";
import { isFloat } from "../tensor/dtype.ts";
import { orZero, plus, spread } from "./make.ts";
import type { BatchRules, Derive, JvpRules, MappedAxis, Maybe, VjpRules } from "./rule.ts";

/**
 * Rules of the primitives that hold programs. Each transforms the program inside and wraps the result in
 * the same primitive again, so that a derivative of a loop is a loop.
 */

/** The `x`s that `keep` marks. */
const marked = <A>(xs: readonly A[], keep: readonly boolean[]): readonly A[] =>
  xs.filter((_, i) => keep[i]);

/** Values put back at the marked places, `undefined` elsewhere. */
const spreadOut = (values: readonly Expr[], keep: readonly boolean[]): readonly Maybe[] => {
  const rest = [...values];
  return keep.map((k) => (k ? rest.shift() : undefined));
};

const some = (t: Maybe): boolean => t !== undefined;

/** The least set of carries that contains `start` and that a step of `grow` keeps. */
const settle = (
  start: readonly boolean[],
  grow: (active: readonly boolean[]) => readonly boolean[],
): readonly boolean[] => {
  const next = grow(start).map((g, i) => g || (start[i] as boolean));
  return next.every((n, i) => n === start[i]) ? start : settle(next, grow);
};

/** The operands of a scan by their role. */
const roles = ({ constants, carry }: Params<"scan">, xs: readonly Expr[]) => ({
  constants: xs.slice(0, constants),
  carry: xs.slice(constants, constants + carry),
  xs: xs.slice(constants + carry),
});

const split = <A>({ constants, carry }: Params<"scan">, values: readonly A[]) =>
  [
    values.slice(0, constants),
    values.slice(constants, constants + carry),
    values.slice(constants + carry),
  ] as const;

export const jvp: JvpRules<"scan" | "cond" | "call"> = {
  scan: (params, primals, ts, derive) => {
    const { body, length, reverse } = params;
    const operands = roles(params, primals);
    const [tc, tk, tx] = split(params, ts);
    // A carry has a tangent if its start has, or if the body gives it one.
    const moves = settle(tk.map(some), (active) => {
      const guess = [...tc, ...active.map((a) => a || undefined), ...tx].map((t, i) =>
        t ? body.inputs[i] : undefined,
      );
      return derive.jvp(body, body.inputs, guess).tangents.slice(0, params.carry).map(some);
    });
    const xsMove = tx.map(some);
    let ysMove: readonly boolean[] = [];
    const width = params.carry;
    const made = loop(
      {
        carry: [
          ...operands.carry,
          ...marked(
            operands.carry.map((k, i) => orZero(tk[i], k)),
            moves,
          ),
        ],
        xs: [...operands.xs, ...(marked(tx, xsMove) as readonly Expr[])],
        length,
        reverse,
      },
      (carry, x) => {
        const k = carry.slice(0, width);
        const own = x.slice(0, operands.xs.length);
        const inner = derive.jvp(
          body,
          [...operands.constants, ...k, ...own],
          [
            ...tc,
            ...spreadOut(carry.slice(width), moves),
            ...spreadOut(x.slice(own.length), xsMove),
          ],
        );
        const [outK, outY] = [inner.outputs.slice(0, width), inner.outputs.slice(width)];
        const [dK, dY] = [inner.tangents.slice(0, width), inner.tangents.slice(width)];
        ysMove = dY.map(some);
        return {
          carry: [
            ...outK,
            ...marked(
              outK.map((o, i) => orZero(dK[i], o)),
              moves,
            ),
          ],
          ys: [...outY, ...(dY.filter(some) as readonly Expr[])],
        };
      },
    );
    const stacked = ysMove.length;
    return {
      outputs: [...made.carry.slice(0, width), ...made.ys.slice(0, stacked)],
      tangents: [
        ...spreadOut(made.carry.slice(width), moves),
        ...spreadOut(made.ys.slice(stacked), ysMove),
      ],
    };
  },

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

  call: (params, primals, ts, derive) => {
    const { rules, name, program } = params;
    if (rules.kind === "custom") {
      if (rules.jvp === undefined) return derive.jvp(program, primals, ts);
      const outputs = apply("call", params, primals);
      return {
        outputs,
        tangents: rules.jvp(
          primals,
          primals.map((x, i) => orZero(ts[i], x)),
        ),
      };
    }
    const moving = ts.map(some);
    const count = primals.length;
    const moves = derive.jvp(program, primals, ts).tangents.map(some);
    const both = call(name, rules, [...primals, ...(marked(ts, moving) as Expr[])], (xs) => {
      const inner = derive.jvp(program, xs.slice(0, count), spreadOut(xs.slice(count), moving));
      return [...inner.outputs, ...(inner.tangents.filter(some) as Expr[])];
    });
    return {
      outputs: both.slice(0, moves.length),
      tangents: spreadOut(both.slice(moves.length), moves),
    };
  },
};

/** A program's pullback as one function of primals and cotangents, for the operands that are active. */
const pullInside = (
  derive: Derive,
  program: Params<"call">["program"],
  active: readonly boolean[],
  given: readonly boolean[],
) => {
  const count = active.length;
  return (xs: readonly Expr[]): readonly Expr[] => {
    const primals = xs.slice(0, count);
    const cts = derive.vjp(program, primals, active).pullback(spreadOut(xs.slice(count), given));
    return marked(
      primals.map((x, i) => orZero(cts[i], x)),
      active,
    );
  };
};

export const vjp: VjpRules<"scan" | "cond" | "call"> = {
  scan: (params, primals, active, derive) => {
    const { body, length, reverse } = params;
    const width = params.carry;
    const operands = roles(params, primals);
    const [ofConstants, ofCarry, ofXs] = split(params, active);
    const carried = settle(ofCarry, (grown) =>
      derive.vjp(body, body.inputs, [...ofConstants, ...grown, ...ofXs]).active.slice(0, width),
    );
    const flags = [...ofConstants, ...carried, ...ofXs];

    // The body and its pullback on placeholders; what the pullback needs of the body is `captured`.
    const inner = derive.vjp(body, body.inputs, flags);
    const stacks = inner.outputs.slice(width);
    const ysActive = stacks.map((y, i) => (inner.active[width + i] as boolean) && isFloat(y.dtype));
    const ctInputs = [
      ...marked(inner.outputs.slice(0, width), carried),
      ...marked(stacks, ysActive),
    ].map(parameter);
    const ctCount = carried.filter(Boolean).length;
    const pulled = inner.pullback([
      ...spreadOut(ctInputs.slice(0, ctCount), carried),
      ...spreadOut(ctInputs.slice(ctCount), ysActive),
    ]);
    const wanted = marked(
      body.inputs.map((x, i) => orZero(pulled[i], x)),
      flags,
    );
    const backward = close(ctInputs, wanted);

    // What the pullback needs is a slice of xs, or varies with the step and is stacked, or stays the same.
    const { constants, carry: ofK, xs } = roles(params, body.inputs);
    const varies = backward.captured.map((r) => dependsOn(r, [...ofK, ...xs]));
    const slices = backward.captured.map((r) => operands.xs[xs.indexOf(r)]);
    const remembered = backward.captured.filter((_, i) => varies[i] && slices[i] === undefined);
    const still = backward.captured.map((r, i) =>
      varies[i] ? undefined : (substitute(constants, operands.constants, [r])[0] as Expr),
    );

    const forward = loop(
      { carry: operands.carry, xs: operands.xs, length, reverse },
      (carry, x) => {
        const outputs = substitute(
          body.inputs,
          [...operands.constants, ...carry, ...x],
          [...inner.outputs, ...remembered],
        );
        return { carry: outputs.slice(0, width), ys: outputs.slice(width) };
      },
    );
    const memory = forward.ys.slice(stacks.length);
    return {
      outputs: [...forward.carry, ...forward.ys.slice(0, stacks.length)],
      pullback: (cts) => {
        const ctCarry = marked(
          forward.carry.map((x, i) => orZero(cts[i], x)),
          carried,
        );
        const ctYs = marked(
          forward.ys.slice(0, stacks.length).map((y, i) => orZero(cts[width + i], y)),
          ysActive,
        );
        const sums = marked(operands.constants, ofConstants).map((x) => orZero(undefined, x));
        const stacked = [...memory];
        const residuals = marked(slices, varies).map((x) => x ?? (stacked.shift() as Expr));
        const made = loop(
          { carry: [...ctCarry, ...sums], xs: [...ctYs, ...residuals], length, reverse: !reverse },
          (carry, x) => {
            const residual = [...x.slice(ctYs.length)];
            const captured = still.map((s) => s ?? (residual.shift() as Expr));
            const results = derive.inline(backward.program, [
              ...captured,
              ...carry.slice(0, ctCount),
              ...x.slice(0, ctYs.length),
            ]);
            const ofSums = results.slice(0, sums.length);
            const ofCarry = results.slice(sums.length, sums.length + ctCount);
            return {
              carry: [...ofCarry, ...ofSums.map((d, i) => plus(carry[ctCount + i], d) as Expr)],
              ys: results.slice(sums.length + ctCount),
            };
          },
        );
        return [
          ...spreadOut(made.carry.slice(ctCount), ofConstants),
          ...spreadOut(made.carry.slice(0, ctCount), carried),
          ...spreadOut(made.ys, ofXs),
        ];
      },
    };
  },

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

  call: (params, primals, active, derive) => {
    const { rules, name, program } = params;
    if (rules.kind === "custom") {
      if (rules.vjp === undefined) return derive.vjp(program, primals, active);
      const { outputs, pullback } = rules.vjp(primals);
      return {
        outputs,
        pullback: (cts) =>
          cts.some(some)
            ? pullback(outputs.map((o, i) => orZero(cts[i], o)))
            : primals.map(() => undefined),
      };
    }
    return {
      outputs: apply("call", params, primals),
      pullback: (cts) => {
        const given = cts.map(some);
        const wanted = active.map((a, i) => a && isFloat((primals[i] as Expr).dtype));
        const operands = [...primals, ...(marked(cts, given) as Expr[])];
        return spreadOut(
          call(name, rules, operands, pullInside(derive, program, wanted, given)),
          wanted,
        );
      },
    };
  },
};

/** The operands of a loop's inner program with the mapped axis where the program has it: after the step's. */
const toStep = (x: Expr, batched: boolean | undefined): Expr => (batched ? moveAxis(x, 0, 1) : x);

export const batch: BatchRules<"scan" | "cond" | "call"> = {
  scan: (params, inputs, batched, axis, derive) => {
    const { body, length, reverse } = params;
    const operands = roles(params, inputs);
    const [ofConstants, ofCarry, ofXs] = split(params, batched);
    const width = params.carry;
    const typed = (flags: readonly boolean[]) =>
      body.inputs.map((x, i) =>
        parameter(flags[i] ? { shape: [axis.size, ...x.shape], dtype: x.dtype } : x),
      );
    const carried = settle(ofCarry, (grown) => {
      const flags = [...ofConstants, ...grown, ...ofXs];
      return derive.batch(body, typed(flags), flags, axis).batched.slice(0, width);
    });
    let ysBatched: readonly boolean[] = [];
    const made = loop(
      {
        carry: operands.carry.map((k, i) => (carried[i] ? spread(k, ofCarry[i], axis) : k)),
        xs: operands.xs.map((x, i) => toStep(x, ofXs[i])),
        length,
        reverse,
      },
      (carry, x) => {
        const flags = [...ofConstants, ...carried, ...ofXs];
        const inner = derive.batch(body, [...operands.constants, ...carry, ...x], flags, axis);
        ysBatched = inner.batched.slice(width);
        return {
          carry: inner.outputs
            .slice(0, width)
            .map((k, i) => (carried[i] ? spread(k, inner.batched[i], axis) : k)),
          ys: inner.outputs.slice(width),
        };
      },
    );
    return {
      outputs: [...made.carry, ...made.ys.map((y, i) => (ysBatched[i] ? moveAxis(y, 1, 0) : y))],
      batched: [...carried, ...ysBatched],
    };
  },

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

  call: (params, inputs, batched, axis, derive) => {
    const { name, program, rules } = params;
    const mapped = derive.batch(program, inputs, batched, axis).batched;
    const lifted =
      rules.kind === "checkpoint"
        ? rules
        : liftRules(rules, program.inputs, batched, mapped, axis, derive);
    const outputs = call(
      name,
      lifted,
      inputs,
      (xs) => derive.batch(program, xs, batched, axis).outputs,
    );
    return { outputs, batched: mapped };
  },
};

/** Custom rules for one example as rules for a batch of them: each rule is a program, and is mapped. */
const liftRules = (
  rules: Extract<Params<"call">["rules"], { readonly kind: "custom" }>,
  types: readonly Expr[],
  batched: readonly boolean[],
  mapped: readonly boolean[],
  axis: MappedAxis,
  derive: Derive,
): typeof rules => {
  const { jvp: along, vjp: back } = rules;
  const everyOutput = mapped.map(() => true);
  /** `f` of one example on a batch; every output gets the axis, or is summed over it where `sums` says so. */
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
        ).map((t, i) => (mapped[i] ? t : (index0(t) as Expr))),
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
              const pulled = back(primal).pullback(xs.slice(types.length));
              return primal.map((x, i) => orZero(pulled[i], x));
            };
            // An operand that all examples share gets the sum of their cotangents.
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
