import * as Effect from "effect/Effect";
import { catchError, defer, type MonoTypeOperatorFunction, tap, throwError } from "rxjs";
import { NonFinite, type Origin } from "../../errors.ts";
import { evaluate } from "../../interpreter/evaluate.ts";
import type { AnyNode, Expr, Program } from "../../ir/expr.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import { prepare } from "../loop/prepare.ts";
import { run } from "../loop/run.ts";
import { inputsOf } from "../loop/runner.ts";
import { statesEvery } from "../operators/statesEvery.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { defaultServices } from "../services.ts";
import { keptOf } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import type { TrainOptions } from "../train.ts";

const oddOf = (value: Tensor): Origin["value"] | undefined => {
  if (!isFloat(value.dtype)) return undefined;
  const data = Tensor.read(value);
  let odd: Origin["value"] | undefined;
  for (let i = 0; i < data.length; i++) {
    const x = data[i] as number;
    if (Number.isNaN(x)) return "NaN";
    if (!Number.isFinite(x)) odd = "infinity";
  }
  return odd;
};

const rangeOf = (value: Tensor): readonly [number, number] => {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of Tensor.read(value))
    [least, greatest] = [Math.min(least, x), Math.max(greatest, x)];
  return [least, greatest];
};

/**
 * Evaluates a program by the reference rules, and goes back from the first output that is not finite to the operation that
 * made it of finite operands; `undefined` if all outputs are finite. Of several such operations it is the first of the
 * program. Where several operands are not finite, NaN counts before infinities, which may be meant (masks).
 */
export const originIn = (program: Program, inputs: readonly Tensor[]): Origin | undefined => {
  const values = new Map<AnyNode, readonly Tensor[]>();
  program.inputs.forEach((x, i) => {
    values.set(x.node, [inputs[i] as Tensor]);
  });
  const valueOf = (x: Expr): Tensor => (values.get(x.node) as readonly Tensor[])[x.index] as Tensor;
  for (const node of program.nodes)
    values.set(node, evaluate.apply(node, node.inputs.map(valueOf)));
  const odd = (among: readonly Expr[]): Expr | undefined =>
    among.find((x) => oddOf(valueOf(x)) === "NaN") ??
    among.find((x) => oddOf(valueOf(x)) !== undefined);
  const originOf = (x: Expr): Expr => {
    let at = x;
    for (let before = odd([x]); before !== undefined; before = odd(before.node.inputs)) at = before;
    return at;
  };
  const origins = program.outputs
    .filter((x) => oddOf(valueOf(x)) !== undefined)
    .map(originOf)
    .map((x) => ({ x, at: program.nodes.indexOf(x.node) }))
    .toSorted((a, b) => a.at - b.at);
  const first = origins[0]?.x;
  if (first === undefined) return undefined;
  const { primitive, path, inputs: operands } = first.node;
  return {
    primitive,
    path,
    value: oddOf(valueOf(first)) ?? "NaN",
    operands: operands.map((x) => rangeOf(valueOf(x))),
  };
};

/**
 * Finds the operation that made the first value which is not finite, in a run that failed with `NonFinite`: its layer, and
 * the ranges of its operands. It takes the steps again from a state of that run, the last that an event carried, and
 * evaluates the failing one by the reference rules. `undefined` if all is finite then.
 *
 * The operators of the pipeline see nothing of it.
 *
 * **Fails with** the errors of the run, but for `NonFinite`.
 */
export const locateNonFinite = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  from: TrainState<C>,
) {
  const bare = { ...of, baselines: [], operators: [statesEvery({ steps: 1 })] };
  let last = from;
  const ended = yield* Effect.result(
    run(bare, from, {
      next: (event) => {
        if ("state" in event) last = { ...event.state, memory: {} };
      },
      closed: () => false,
    }),
  );
  if (ended._tag === "Success") return undefined;
  if (!(ended.failure instanceof NonFinite)) return yield* Effect.fail(ended.failure);
  const { epochs, stepFor } = yield* prepare(bare, last);
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const reader = yield* epochs.open(last.epoch, last.batch);
      while (reader.ready() === undefined) yield* reader.wait;
      const found = stepFor(reader.ready() ?? 0, reader.bucket());
      const step = Effect.isEffect(found) ? yield* found : found;
      const { leaves } = flattenTensors(keptOf(last));
      return originIn(step.program, [...leaves, ...inputsOf(step, reader.fill, last.epoch)]);
    }),
  );
});

/**
 * Adds to the error of a run that ends with `NonFinite` where the first value that is not finite arose: the layer, the
 * operation, and the ranges of its operands. It costs nothing until then; see {@link locateNonFinite}.
 *
 * ```text
 * run     -s-p-#
 * events  -s-p-#
 * ```
 *
 * **Fails with** the same errors as the run.
 */
export const explainNonFinite =
  <C, E>(
    of: Pipeline<C, E>,
    { services = defaultServices }: Pick<TrainOptions<C>, "services"> = {},
  ): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> =>
  (run$) =>
    defer(() => {
      let last: TrainState<C> | undefined;
      let within: Started["within"];
      return run$.pipe(
        tap((event) => {
          if (event._tag === "Started") within = event.within;
          if ("state" in event) last = { ...event.state, memory: {} };
        }),
        catchError((error: unknown) => {
          const from = last;
          if (!(error instanceof NonFinite) || from === undefined) return throwError(() => error);
          const located = Effect.result(Effect.provide(locateNonFinite(of, from), services));
          return observe<TrainEvent<TrainState<C>>, unknown>(
            () =>
              Effect.flatMap(located, (found) => {
                const origin = found._tag === "Success" ? found.success : undefined;
                return Effect.fail(new NonFinite({ ...error, origin }));
              }),
            "the run",
            within,
          );
        }),
      );
    });
