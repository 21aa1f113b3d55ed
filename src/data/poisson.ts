import { InvalidArgument } from "../errors.ts";
import { foldIn, type Key, uniform } from "../tensor/key.ts";
import { Tensor } from "../tensor/tensor.ts";
import { holding, whole } from "../tensor/validate.ts";
import type { Batch, Dataset, Row } from "./dataset.ts";
import type { Sampled } from "./source/source.ts";

/** The options of {@link poissonSampled}. */
export interface PoissonOptions<A extends string = "weight"> {
  /** The probability with which each row is in a batch, from one over the number of rows to 1. */
  readonly sampling: number;
  /** The number of rows of a batch with its fillers, which is also the batch size of the run. */
  readonly batchSize: number;
  /** The name of the column of weights: 1 for a drawn row, 0 for a filler. Defaults to `"weight"`. */
  readonly as?: A;
}

/** The largest probability with which a batch may be too small for what is drawn. */
const negligible = 1e-9;

/** A bound of the probability that more than `most` of `n` rows are drawn. Chernoff (1952), Hoeffding (1963). */
const overflow = (n: number, sampling: number, most: number): number => {
  const share = (most + 1) / n;
  if (share > 1) return 0;
  if (share <= sampling) return 1;
  const rest = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - sampling));
  return Math.exp(-n * (share * Math.log(share / sampling) + rest));
};

/** The smallest batch that holds what is drawn, but for a negligible probability. */
const leastBatch = (n: number, sampling: number): number => {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (overflow(n, sampling, middle) <= negligible) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** The successes of independent trials, in order: the gap before each is geometric. */
function* successes(key: Key, probability: number, trials: number): Generator<number> {
  const perMiss = Math.log1p(-probability);
  for (let [at, block] = [-1, 0]; ; block++)
    for (const u of Tensor.read(uniform(foldIn(key, block), [1024], { dtype: "f64" }))) {
      // 1 - u is above 0. The gap is 0 where every trial succeeds.
      at += 1 + Math.floor(Math.log1p(-u) / perMiss);
      if (at >= trials) return;
      yield at;
    }
}

const weighing = <R extends Row>(rows: Dataset<R>, as: string, weight: number): Dataset<R> =>
  rows.mapBatches((batch) => {
    const [first] = Object.values(batch as Row);
    const examples = first?.shape[0] ?? 0;
    const weights = Tensor.own([examples], "f32", new Float32Array(examples).fill(weight));
    return { ...batch, [as]: weights } as Batch<R>;
  });

/**
 * Draws every batch anew: each row is in it independently, with the same probability. Differential privacy assumes such
 * batches (`privacySpent`).
 *
 * A compiled step has a fixed number of rows, so that a batch is filled up with rows of weight 0: multiply the loss of a
 * row by its weight. A mean over the batch counts the fillers. An epoch has `1 / sampling` batches. What is drawn beyond
 * the batch size is left out, with a probability below 1e-9 for a batch.
 *
 * **Math** `P(row i is in batch t) = q`, independently for all `i` and `t`.
 * **Fails with** thrown `InvalidArgument` where `sampling` is not from one row of all to 1, `batchSize` holds too few rows,
 * which names the least, or the dataset has a column named as the weights; `InvalidArgument`, when run, where the run has
 * another batch size.
 * **Source** Abadi et al. (2016), arXiv:1607.00133, section 3.1; Mironov et al. (2019), arXiv:1908.10530, section 2.
 *
 * @example
 * ```ts
 * import { dataset, key } from "fluxion";
 * import { poissonSampled } from "fluxion/data";
 * import { arange } from "fluxion/tensor";
 * const rows = poissonSampled(dataset({ x: arange(1000) }), { sampling: 0.01, batchSize: 40 });
 * rows.rows // => 4000
 * const batch = rows.dataset.gather(rows.draw(key(0)).slice(0, 40));
 * batch.weight.toArray().reduce((a, b) => a + b) // => 8
 * ```
 */
export const poissonSampled = <R extends Row, const A extends string = "weight">(
  dataset: Dataset<R>,
  { sampling, batchSize, as }: PoissonOptions<A>,
): Sampled<R & { readonly [W in A]: Tensor<readonly []> }> => {
  const op = "poissonSampled";
  const n = dataset.size;
  holding(`a number from 1 / ${n}, one row of all, to 1`, (q) => n * q >= 1 && q <= 1)(op, {
    sampling,
  });
  whole(1)(op, { batchSize });
  const column = as ?? "weight";
  const refuse = (argument: string, expected: string, actual: string): never => {
    throw new InvalidArgument({ op, argument, expected, actual });
  };
  const columns = Object.keys(dataset.columns);
  if (columns.includes(column)) refuse("as", "the name of a new column", JSON.stringify(column));
  const least = leastBatch(n, sampling);
  if (batchSize < least)
    refuse(
      "batchSize",
      `${least} or more, so that no draw of ${n} rows exceeds it`,
      `${batchSize}`,
    );
  const fillers = Math.min(n, batchSize);
  const filling = dataset.pick(
    Int32Array.from({ length: fillers }, (_, i) => Math.floor((i * n) / fillers)),
  );
  const steps = Math.max(1, Math.round(1 / sampling));
  return {
    _tag: "Sampled",
    // The columns of R and one more.
    dataset: weighing(dataset, column, 1).concat(weighing(filling, column, 0)) as never,
    rows: steps * batchSize,
    batchSize,
    draw: (key) => {
      const drawn = Int32Array.from(
        { length: steps * batchSize },
        (_, i) => n + ((i % batchSize) % fillers),
      );
      const taken = new Int32Array(steps);
      for (const at of successes(key, sampling, steps * n)) {
        const step = Math.floor(at / n);
        const place = taken[step] as number;
        if (place === batchSize) continue;
        drawn[step * batchSize + place] = at % n;
        taken[step] = place + 1;
      }
      return drawn;
    },
  };
};
