import { catchError, EMPTY, filter, map, type Observable, scan, take, takeWhile } from "rxjs";
import { InvalidArgument, NonFinite } from "../../errors.ts";
import { exponentialDecay } from "../../optim/schedules/schedules.ts";
import { positive, whole } from "../../tensor/validate.ts";
import type { StepCompleted } from "../events/event.ts";
import { withEpochs, withLearningRate } from "../pipeline/overrides.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { type TrainOptions, train$ } from "../train.ts";

/** The loss of a step at its learning rate. */
export interface RateLoss {
  readonly learningRate: number;
  readonly loss: number;
  /** The exponential moving average of the losses so far, corrected for its start. */
  readonly smoothed: number;
}

/** The options of {@link learningRateRange$}. */
export interface LearningRateRange<C> extends Omit<TrainOptions<C>, "from"> {
  /** The first learning rate. Defaults to 1e-6. */
  readonly from?: number;
  /** The last learning rate. Defaults to 10. */
  readonly to?: number;
  /** The number of steps. Defaults to 100. */
  readonly steps?: number;
}

/** How much of the average a new loss replaces. */
const share = 0.1;

/** The average loss, relative to the lowest one, at which the run has diverged. */
const diverged = 4;

/**
 * The learning-rate range test: trains from the start while the learning rate grows by the same factor at each step, and
 * emits the loss at each rate. It ends at the last rate, or where the loss diverges. {@link steepestRate} reads a rate off.
 * The operators of the pipeline see nothing of it.
 *
 * With the digits as losses, of which the smoothed ones are 1, 1, 4.0 and 5.4:
 *
 * ```text
 * run     s-1-1-9-9-1-1-c|
 * events  --1-1-9-9|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where a rate is not above 0, `to` is not above `from`, or `steps` is below 2; and
 * with the errors of the run.
 * **Source** Smith (2017), Cyclical learning rates for training neural networks, arXiv:1506.01186, section 3.3.
 */
export const learningRateRange$ = <C, E>(
  of: Pipeline<C, E>,
  { from = 1e-6, to = 10, steps = 100, ...options }: LearningRateRange<C> = {},
): Observable<RateLoss> => {
  const op = "learningRateRange$";
  positive(op, { from, to });
  whole(2)(op, { steps });
  if (!(to > from && Number.isFinite(to))) {
    const expected = `a finite number above ${from}`;
    throw new InvalidArgument({ op, argument: "to", expected, actual: String(to) });
  }
  const rising = withLearningRate(exponentialDecay(from, (to / from) ** (1 / (steps - 1))))(of);
  // An epoch has at least one step.
  return train$(withEpochs(steps)({ ...rising, operators: [] }), options).pipe(
    filter((event): event is StepCompleted => event._tag === "StepCompleted"),
    take(steps),
    // A loss that is not finite ends the test, which looks for it.
    catchError((error) => {
      if (error instanceof NonFinite) return EMPTY;
      throw error;
    }),
    scan(
      ({ average, weight, lowest }, { loss, learningRate = Number.NaN }) => {
        const next = { average: average + share * (loss - average), weight: weight * (1 - share) };
        const smoothed = next.average / (1 - next.weight);
        const over = smoothed > diverged * lowest;
        return {
          ...next,
          lowest: Math.min(lowest, smoothed),
          over,
          said: { learningRate, loss, smoothed },
        };
      },
      {
        average: 0,
        weight: 1,
        lowest: Number.POSITIVE_INFINITY,
        over: false,
        said: { learningRate: Number.NaN, loss: Number.NaN, smoothed: Number.NaN },
      },
    ),
    takeWhile(({ over }) => !over, true),
    map(({ said }) => said),
  );
};

/**
 * The learning rate at which the average loss falls fastest along the logarithm of the rate; `undefined` if it never falls.
 *
 * @example
 * ```ts
 * import { steepestRate } from "fluxion/train";
 * const seen = [[1e-4, 2.3], [1e-3, 2.2], [1e-2, 1.1], [1e-1, 0.9], [1, 4]];
 * steepestRate(seen.map(([learningRate = 0, loss = 0]) => ({ learningRate, loss, smoothed: loss }))) // => 0.01
 * ```
 */
export const steepestRate = (range: readonly RateLoss[]): number | undefined =>
  range.reduce<{ readonly rate: number | undefined; readonly slope: number }>(
    (best, { learningRate, smoothed }, i) => {
      const before = range[i - 1];
      if (before === undefined) return best;
      const slope = (smoothed - before.smoothed) / Math.log(learningRate / before.learningRate);
      return slope < best.slope ? { rate: learningRate, slope } : best;
    },
    { rate: undefined, slope: 0 },
  ).rate;
