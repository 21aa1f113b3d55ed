import * as Effect from "effect/Effect";
import { answer } from "../../backend/later.ts";
import { NonFinite } from "../../errors.ts";
import { flatten } from "../../tree.ts";
import type { Score, StepCompleted } from "../events/event.ts";
import type { Emit } from "../events/fromEffect.ts";
import type { AnyPipeline } from "../pipeline/pipeline.ts";
import { carriedOf, firstNonFinite, withCarried } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { inTurns } from "./cooperate.ts";
import type { Prepared } from "./prepare.ts";
import type { Report } from "./program.ts";
import type { Runner } from "./runner.ts";
import { epochOrder } from "./shuffle.ts";

/** The result of an epoch. */
export interface Epoch<P, S> {
  readonly state: TrainState<P, S>;
  readonly score: Score;
  readonly milliseconds: number;
  readonly examplesPerSecond: number;
}

/**
 * Runs the steps of one epoch, or the rest of one, from `state`, which `steps` holds.
 *
 * **Fails with** `NonFinite`, where a loss, or at the end of the epoch the state, is not finite.
 */
export const epoch = Effect.fnUntraced(function* <P, S>(
  { batchSize, shuffle }: AnyPipeline,
  { train, scores, whole, last, stepsPerEpoch }: Prepared<P, S>,
  steps: Runner,
  state: TrainState<P, S>,
  emit: Emit<StepCompleted>,
) {
  const { shape } = flatten(carriedOf(state));
  const order = epochOrder(state.key, state.epoch, train.examples, shuffle);
  const began = performance.now();
  let [summaries, examples] = [scores.empty, 0];
  const perSecond = (): number => (1000 * examples) / (performance.now() - began);
  const stepAfter = (batch: number): number => state.step + batch - state.batch + 1;
  const nonFinite = Effect.fnUntraced(function* (where: string, step: number, path = true) {
    const leaves = path ? yield* answer(steps.leaves) : [];
    return yield* new NonFinite({ where, step, path: firstNonFinite(shape, leaves) ?? [] });
  });

  const submit = (batch: number): void => {
    const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
    steps.submit(rows.length === batchSize ? whole : last, train, rows);
  };
  const use = (report: Report, batch: number, submitted: number) => {
    const { loss, learningRate } = report;
    const step = stepAfter(batch);
    // Where further steps are under way, the state is no longer the one that this step left.
    if (!Number.isFinite(loss)) return nonFinite("loss", step, submitted === batch + 1);
    const summary = scores.read(report.summaries);
    summaries = scores.concat(summaries, summary);
    examples += Math.min(batchSize, train.examples - batch * batchSize);
    emit.next({
      _tag: "StepCompleted",
      epoch: state.epoch + 1,
      step,
      loss,
      metrics: scores.score(summary).metrics,
      learningRate,
      examplesPerSecond: perSecond(),
    });
    return undefined;
  };
  const { ahead, read } = steps;
  yield* inTurns(state.batch, stepsPerEpoch, { ahead, submit, read, use }, emit.closed);

  const [milliseconds, examplesPerSecond] = [performance.now() - began, perSecond()];
  const leaves = yield* answer(steps.leaves);
  const step = stepAfter(stepsPerEpoch - 1);
  const path = firstNonFinite(shape, leaves);
  if (path !== undefined) return yield* new NonFinite({ where: "state", step, path });
  return {
    state: withCarried(state, shape, leaves, { epoch: state.epoch + 1, batch: 0, step }),
    score: scores.score(summaries),
    milliseconds,
    examplesPerSecond,
  } satisfies Epoch<P, S>;
});
