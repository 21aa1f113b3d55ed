import { parameter } from "../ir/build.ts";
import { loop } from "../ir/control.ts";
import type { Expr, Params } from "../ir/expr.ts";
import { add } from "../ir/ops/elementwise.ts";
import { moveAxis } from "../ir/ops/structural.ts";
import { close, dependsOn, substitute } from "../ir/trace.ts";
import { isFloat } from "../tensor/dtype.ts";
import { following, nth } from "../tensor/list.ts";
import { orZero, spread } from "./make.ts";
import { marked, settle, some, spreadOut } from "./partial.ts";
import type { BatchRules, JvpRules, VjpRules } from "./rule.ts";

/**
 * Rules of `scan`: each transforms the body and scans over the result, so that the derivative of a loop is a loop.
 */

/** Splits the operands of a scan by role. */
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

export const jvp: JvpRules<"scan"> = {
  scan: (params, primals, ts, derive) => {
    const { body, length, reverse } = params;
    const operands = roles(params, primals);
    const [tc, tk, tx] = split(params, ts);
    // A carry has a tangent if its initial value has, or if the body gives it one.
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
        xs: [...operands.xs, ...tx.filter(some)],
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
          ys: [...outY, ...dY.filter(some)],
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
};

export const vjp: VjpRules<"scan"> = {
  scan: (params, primals, active, derive) => {
    const { body, length, reverse } = params;
    const width = params.carry;
    const operands = roles(params, primals);
    const [ofConstants, ofCarry, ofXs] = split(params, active);
    const carried = settle(ofCarry, (grown) =>
      derive.vjp(body, body.inputs, [...ofConstants, ...grown, ...ofXs]).active.slice(0, width),
    );
    const flags = [...ofConstants, ...carried, ...ofXs];

    // The body and its pullback on placeholders; `captured` are the body's values that the pullback needs.
    const inner = derive.vjp(body, body.inputs, flags);
    const stacks = inner.outputs.slice(width);
    const ysActive = stacks.map((y, i) => inner.active[width + i] === true && isFloat(y.dtype));
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

    // A captured value is a slice of xs, or varies with the step and is stacked, or stays the same.
    const { constants, carry: ofK, xs } = roles(params, body.inputs);
    const varies = backward.captured.map((r) => dependsOn(r, [...ofK, ...xs]));
    const slices = backward.captured.map((r) => operands.xs[xs.indexOf(r)]);
    const remembered = backward.captured.filter((_, i) => varies[i] && slices[i] === undefined);
    const still = backward.captured.map((r, i) =>
      varies[i] ? undefined : substitute(constants, operands.constants, [r])[0],
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
        const stacked = memory.values();
        const residuals = marked(slices, varies).map((x) => x ?? following(stacked));
        const made = loop(
          { carry: [...ctCarry, ...sums], xs: [...ctYs, ...residuals], length, reverse: !reverse },
          (carry, x) => {
            const residual = x.slice(ctYs.length).values();
            const captured = still.map((s) => s ?? following(residual));
            const results = derive.inline(backward.program, [
              ...captured,
              ...carry.slice(0, ctCount),
              ...x.slice(0, ctYs.length),
            ]);
            const ofSums = results.slice(0, sums.length);
            const ofCarry = results.slice(sums.length, sums.length + ctCount);
            return {
              carry: [...ofCarry, ...ofSums.map((d, i) => add(nth(carry, ctCount + i), d))],
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
};

/** Moves the mapped axis behind the step axis, where the loop's inner program has it. */
const toStep = (x: Expr, batched: boolean | undefined): Expr => (batched ? moveAxis(x, 0, 1) : x);

export const batch: BatchRules<"scan"> = {
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
};
