import * as Effect from "effect/Effect";
import { answer } from "../../backend/later.ts";
import { NonFinite } from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import type { StepReport } from "../../learn/program.ts";
import type { Score, StepCompleted } from "../events/event.ts";
import type { Emit } from "../events/fromEffect.ts";
import { firstNonFinite, keptOf, withKept } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { inTurns, type Submitted } from "./cooperate.ts";
import type { EpochError } from "./evaluate.ts";
import type { Prepared } from "./prepare.ts";
import type { Runner } from "./runner.ts";

/** The result of an epoch. */
export interface Epoch<C> {
  readonly state: TrainState<C>;
  readonly score: Score;
  readonly milliseconds: number;
  readonly examplesPerSecond: number;
}

/**
 * Runs the steps of one epoch, or the rest of one, from `state`, which `steps` holds.
 *
 * **Fails with** `NonFinite`, where a loss, or at the end of the epoch the state, is not finite; the errors of reading
 * a stream.
 */
export const epoch = Effect.fnUntraced(function* <C>(
  { epochs, scores, stepFor }: Prepared<C>,
  steps: Runner,
  state: TrainState<C>,
  emit: Emit<StepCompleted>,
) {
  const { shape } = flattenTensors(keptOf(state));
  const reader = yield* epochs.open(state.epoch, state.batch);
  const began = performance.now();
  let [summaries, examples, step] = [scores.empty, 0, state.step];
  // The rows of the batches that were submitted and not read.
  let sizes: readonly number[] = [];
  const perSecond = (): number => (1000 * examples) / (performance.now() - began);
  const nonFinite = Effect.fnUntraced(function* (where: string, at: number, path = true) {
    const leaves = path ? yield* answer(steps.leaves) : [];
    return yield* new NonFinite({ where, step: at, path: firstNonFinite(shape, leaves) ?? [] });
  });

  const submit = (): Submitted<EpochError> => {
    const rows = reader.ready();
    if (rows === undefined) return reader.wait;
    if (rows === 0) return "ended";
    const compiled = stepFor(rows, reader.bucket());
    if (Effect.isEffect(compiled)) return Effect.asVoid(compiled);
    steps.submit(compiled, reader.fill, state.epoch);
    sizes = [...sizes, rows];
    return "submitted";
  };
  const use = ({ loss, learningRate, summaries: parts }: StepReport) => {
    const [rows = 0, ...underWay] = sizes;
    sizes = underWay;
    step += 1;
    // If later steps are already submitted, the state is no longer that of this step.
    if (!Number.isFinite(loss)) return nonFinite("loss", step, underWay.length === 0);
    const summary = parts.map(scores.read).reduce(scores.concat);
    summaries = scores.concat(summaries, summary);
    examples += rows;
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
  const { room, read } = steps;
  yield* inTurns<StepReport, EpochError>({ submit, room, read, use }, emit.closed);

  const [milliseconds, examplesPerSecond] = [performance.now() - began, perSecond()];
  const leaves = yield* answer(steps.leaves);
  const path = firstNonFinite(shape, leaves);
  if (path !== undefined) return yield* new NonFinite({ where: "state", step, path });
  return {
    state: withKept(state, shape, leaves, { epoch: state.epoch + 1, batch: 0, step }),
    score: scores.score(summaries),
    milliseconds,
    examplesPerSecond,
  } satisfies Epoch<C>;
}, Effect.scoped);
