import type { Baseline, Dataset, Row } from "../../../src/index.ts";

/**
 * Baselines for the quantiles of a column `next`: a return in percent after prices in a column `days: [days, prices]`, of
 * which the last is the close.
 */

/** The mean pinball loss over quantiles and rows, and that of the median alone. */
const scoresOf = (
  quantiles: readonly number[],
  next: readonly number[],
  said: (row: number) => readonly number[],
) => {
  const loss = (q: number, x: number, y: number): number =>
    Math.max(q * (y - x), (q - 1) * (y - x));
  const each = quantiles.map(
    (q, j) => next.reduce((sum, y, i) => sum + loss(q, said(i)[j] as number, y), 0) / next.length,
  );
  return {
    loss: each.reduce((a, b) => a + b, 0) / each.length,
    median: each[quantiles.indexOf(0.5)] ?? Number.NaN,
  };
};

/** A baseline that knows of no change: every quantile is 0. */
export const lastValue = (quantiles: readonly number[]): Baseline => ({
  name: "the last value",
  evaluate: ({ train, test = train }) =>
    scoresOf(quantiles, [...test.column("next").toTypedArray()], () => quantiles.map(() => 0)),
});

/** The share that yesterday's variance keeps, as in RiskMetrics (1996) for days. */
const daily = 0.94;

/** The volatility after the days of each row: the root of an exponentially weighted mean of squared returns. */
const volatilities = (rows: Dataset<Row>, kept: number): readonly number[] => {
  const [days, [, length = 0, width = 0]] = [rows.column("days"), rows.column("days").shape];
  const values = days.toTypedArray();
  return Array.from({ length: rows.size }, (_, row) => {
    const close = (day: number) => values[(row * length + day + 1) * width - 1] as number;
    let [sum, weights] = [0, 0];
    for (let day = 1; day < length; day++) {
      sum = kept * sum + (100 * Math.log(close(day) / close(day - 1))) ** 2;
      weights = kept * weights + 1;
    }
    return Math.sqrt(sum / weights);
  });
};

/** The element of sorted numbers below which a fraction of them lies. */
const quantileOf = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;

/**
 * A baseline without a network: the volatility times quantiles, which are given, such as those of a normal distribution, or
 * else those of the past returns over their volatilities, before the year of a row. The variance keeps the share `kept` of
 * itself from one row of prices to the next. It defaults to 0.94, which is that of days in RiskMetrics (1996).
 */
export const smoothedVolatility = (
  quantiles: readonly number[],
  given?: readonly number[],
  kept = daily,
): Baseline => ({
  name: `exponentially weighted volatility, ${given === undefined ? "past" : "normal"} quantiles`,
  evaluate: ({ train, test = train }) => {
    const of = (rows: Dataset<Row>) => ({
      next: [...rows.column("next").toTypedArray()],
      volatility: volatilities(rows, kept),
      counts: rows.column("counts").toTypedArray(),
    });
    const [known, asked] = [of(train), of(test)];
    const models = asked.next.length === 0 ? 0 : asked.counts.length / asked.next.length;
    const past = Array.from({ length: models }, (_, model) =>
      known.next
        .map((next, i) => next / (known.volatility[i] ?? 1))
        .filter((_, i) => (known.counts[i * models + model] as number) > 0)
        .sort((a, b) => a - b),
    );
    const units = past.map((returns) => given ?? quantiles.map((q) => quantileOf(returns, q)));
    return scoresOf(quantiles, asked.next, (row) => {
      const own = asked.counts.slice(row * models, (row + 1) * models).findIndex((n) => n > 0);
      return (units[own] ?? []).map((unit) => unit * (asked.volatility[row] ?? 1));
    });
  },
});
