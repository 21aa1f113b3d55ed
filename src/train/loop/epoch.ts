import * as Effect from "effect/Effect";
import type { Tensors } from "../../backend/backend.ts";
import { answer, type RunFailure, runFailure } from "../../backend/later.ts";
import { Turns } from "../../data/source/turns.ts";
import { NonFinite } from "../../errors.ts";
import { flattenTensors, treeOf } from "../../ir/trees.ts";
import type { StepReport } from "../../learn/program.ts";
import {
  type HyperparametersIn,
  setHyperparameters,
} from "../../optim/transforms/hyperparameters.ts";
import type { Score, StateReached, StepCompleted } from "../events/event.ts";
import type { Emit } from "../events/fromEffect.ts";
import { firstNonFinite, keptOf, withKept } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { inTurns, type Submitted } from "./cooperate.ts";
import type { EpochError } from "./evaluate.ts";
import type { Prepared } from "./prepare.ts";
import type { Requests } from "./requests.ts";
import type { Runner } from "./runner.ts";
import { recalled, soFar } from "./soFar.ts";

/** The result of an epoch. */
export interface Epoch<C> {
  readonly state: TrainState<C>;
  /** The state before the epoch is evaluated and complete. */
  readonly before: () => TrainState<C>;
  readonly score: Score;
  readonly milliseconds: number;
  readonly examplesPerSecond: number;
}

/**
 * Runs the steps of one epoch, or the rest of one, from `state`, which `steps` holds. Emits the states that are
 * requested, and where the data fail the last one before that.
 *
 * **Fails with** `NonFinite`, where a loss, or the state where one is read, is not finite; the errors of reading a
 * stream.
 */
export const epoch = Effect.fnUntraced(function* <C>(
  { epochs, metrics, scores, stepFor }: Prepared<C>,
  steps: Runner,
  state: TrainState<C>,
  emit: Emit<StepCompleted | StateReached<TrainState<C>>>,
  requests: Requests,
) {
  const { shape } = flattenTensors(keptOf(state));
  const reader = yield* epochs.open(state.epoch, state.batch);
  const { now } = yield* Turns;
  const began = now();
  let summaries = recalled(metrics, scores, state.memory);
  let [examples, step, reached] = [0, state.step, state.step];
  // The rows of the batches that were submitted and not read.
  let sizes: readonly number[] = [];
  const perSecond = (): number => (1000 * examples) / (now() - began);
  const nonFinite = Effect.fnUntraced(function* (where: string, at: number, path = true) {
    const leaves = path ? yield* answer(steps.leaves) : [];
    return yield* new NonFinite({ where, step: at, path: firstNonFinite(shape, leaves) ?? [] });
  });

  /** The state after every step that was submitted, all of which were read. */
  const sound = Effect.suspend(() =>
    Effect.flatMap(answer(steps.leaves), (leaves): Effect.Effect<Tensors, NonFinite> => {
      const path = firstNonFinite(shape, leaves);
      return path === undefined
        ? Effect.succeed(leaves)
        : Effect.fail(new NonFinite({ where: "state", step, path }));
    }),
  );
  const within = (leaves: Tensors): TrainState<C> => ({
    ...withKept(state, shape, leaves, {
      epoch: state.epoch,
      batch: state.batch + step - state.step,
      step,
    }),
    memory: soFar(metrics, summaries),
  });
  const reach = Effect.map(sound, (leaves) => {
    reached = step;
    requests.answer(step);
    requests.allowChange(true);
    emit.next({ _tag: "StateReached", epoch: state.epoch + 1, step, state: within(leaves) });
  });
  /** Emits the last state, unless the last event with a state had it, before an effect fails. */
  const saving = <E>(effect: Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.tapCause(effect, () => (step === reached ? Effect.void : Effect.ignore(reach)));
  const wait = saving(reader.wait);
  /** Changes hyper-parameters of the state, where no step is under way. */
  const changed = (values: HyperparametersIn): Effect.Effect<void, RunFailure> =>
    Effect.map(answer(steps.leaves), (leaves) => {
      const kept = treeOf(shape, leaves);
      const carried = setHyperparameters(kept.carried, values);
      steps.replace(flattenTensors({ ...kept, carried }).leaves);
    });

  const submit = (): Submitted<EpochError> => {
    if (step + sizes.length >= requests.next()) return reach;
    const held = requests.held();
    if (held !== undefined) return held;
    const changes = requests.changes();
    if (changes !== undefined) return changed(changes);
    const rows = reader.ready();
    if (rows === undefined) return wait;
    if (rows === 0) return "ended";
    const compiled = stepFor(rows, reader.bucket());
    if (Effect.isEffect(compiled)) return saving(Effect.asVoid(compiled));
    try {
      steps.submit(compiled, reader.fill, state.epoch);
    } catch (error) {
      // A dataset that computes its rows may throw. No step was taken then.
      return saving(runFailure(error));
    }
    requests.allowChange(false);
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

  const [milliseconds, examplesPerSecond] = [now() - began, perSecond()];
  const leaves = yield* sound;
  return {
    state: {
      ...withKept(state, shape, leaves, { epoch: state.epoch + 1, batch: 0, step }),
      memory: {},
    },
    before: () => within(leaves),
    score: scores.score(summaries),
    milliseconds,
    examplesPerSecond,
  } satisfies Epoch<C>;
}, Effect.scoped);
