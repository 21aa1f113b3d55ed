import type { Monoid } from "fp-ts/lib/Monoid.js";
import { zip } from "fp-ts/lib/ReadonlyArray.js";
import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Metric, Outcomes, Ratio, Summary } from "./metric.ts";

/**
 * A metric over pairs of a prediction and its reference: texts, or the boxes of images. Like a `Metric` it is a commutative
 * monoid, but its summaries are made outside of compiled programs.
 *
 * **Laws** `laws.pairMetric`: the monoid is associative and commutative with `empty` as unit, `value` stays in its range, and
 * a prediction that equals its reference has the best value.
 */
export interface PairMetric<Predicted, Reference, A extends Summary> {
  readonly name: string;
  readonly better: "higher" | "lower";
  readonly monoid: Monoid<A>;
  /** The summary of one pair. */
  readonly of: (predicted: Predicted, reference: Reference) => A;
  readonly value: (summary: A) => number;
}

/** A metric over two texts, each a list of tokens: words, or characters. */
export type TextMetric<A extends Summary = Ratio> = PairMetric<
  readonly string[],
  readonly string[],
  A
>;

/**
 * The value of a metric over many pairs.
 *
 * @example
 * ```ts
 * import { scorePairs, wordErrorRate } from "fluxion/metrics";
 * const said = [["the", "cat"], ["a", "dog", "barks"]];
 * const meant = [["the", "cat", "sat"], ["a", "dog", "barks"]];
 * scorePairs(wordErrorRate, said.map((words, i) => [words, meant[i] ?? []])) // => 0.1666667
 * ```
 */
export const scorePairs = <P, R, A extends Summary>(
  { monoid, of, value }: PairMetric<P, R, A>,
  pairs: Iterable<readonly [predicted: P, reference: R]>,
): number =>
  value(
    Array.from(pairs, ([predicted, reference]) => of(predicted, reference)).reduce(
      monoid.concat,
      monoid.empty,
    ),
  );

/** A metric of a run that is made of pairs: its summaries are read from whole outputs, outside of the compiled step. */
export interface OutputMetric<A extends Summary> extends Omit<Metric<A>, "fromBatch"> {
  readonly fromBatch: (batch: Outcomes) => { readonly outputs: Expr; readonly targets: Expr };
  /** The summary of what `fromBatch` computed. */
  readonly read: (computed: { readonly [field: string]: Tensor }) => A;
}

/** The examples along the leading axis of a batch. */
const examplesIn = (batch: Tensor | undefined): readonly Tensor[] => {
  if (batch === undefined) return [];
  const [count = 0, ...shape] = batch.shape;
  const size = sizeOf(shape);
  const data = Tensor.read(batch);
  return Array.from({ length: count }, (_, i) =>
    Tensor.own(shape, batch.dtype, data.slice(i * size, (i + 1) * size)),
  );
};

/**
 * A metric over pairs as a metric of a run: `pair` reads a prediction and a reference from the output and the target of each
 * example. A step then gives away its whole outputs, of training too, so that this is for metrics that no program computes,
 * such as `randError` and `meanAveragePrecision`.
 *
 * **Shapes** outputs and targets `[examples, …]`; `pair` gets them without the leading axis.
 * **Fails with** `InvalidArgument`, thrown in a step, where there are not as many targets as outputs.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { overOutputs, wordErrorRate } from "fluxion/metrics";
 * const words = (x: { toTypedArray: () => ArrayLike<number> }) => Array.from(x.toTypedArray(), String);
 * const metric = overOutputs(wordErrorRate, (output, target) => [words(output), words(target)]);
 * metric.value(metric.read({ outputs: tensor([[1, 2, 3]]), targets: tensor([[1, 5, 3]]) })) // => 0.3333333
 * ```
 */
export const overOutputs = <P, R, A extends Summary>(
  { name, better, monoid, of, value }: PairMetric<P, R, A>,
  pair: (output: Tensor, target: Tensor) => readonly [predicted: P, reference: R],
): OutputMetric<A> => ({
  name,
  better,
  monoid,
  value,
  fromBatch: ({ outputs, targets }) => ({ outputs, targets }),
  read: ({ outputs, targets }) => {
    const said = examplesIn(outputs);
    const wanted = examplesIn(targets);
    if (said.length !== wanted.length)
      throw new InvalidArgument({
        op: name,
        argument: "the targets",
        expected: `one for each of ${said.length} outputs`,
        actual: String(wanted.length),
      });
    return zip(said, wanted)
      .map((both) => of(...pair(...both)))
      .reduce(monoid.concat, monoid.empty);
  },
});
