import { dense, type Expr, initializers, sequential, tanh, tensor } from "../../../src/index.ts";
import {
  add,
  concatenate,
  div,
  dot,
  index,
  log,
  mean,
  mul,
  sliceAxis,
  sort,
  sqrt,
  square,
  stack,
  sub,
} from "../../../src/ir/index.ts";
import { pinball } from "../../../src/nn/losses/index.ts";
import type { Answer } from "../../../src/train/index.ts";

/** The quantiles of the next return that are forecast, and those of the standard normal distribution. */
export const quantiles = [0.05, 0.25, 0.5, 0.75, 0.95] as const;
export const normal = [-1.6449, -0.6745, 0, 0.6745, 1.6449];

/** The last `n` of days. */
export const last = (days: Expr, n: number): Expr =>
  sliceAxis(days, 0, (days.shape[0] ?? n) - n, days.shape[0] ?? n);

/**
 * The returns of days in percent, and their volatility: the root of an exponentially weighted mean of their squares, of
 * which `kept` is the share that the days before keep.
 */
export const returnsOf = (days: Expr, kept: number) => {
  const [length = 0, width = 1] = days.shape;
  const raw = Array.from({ length: length - 1 }, (_, i) => kept ** (length - 2 - i));
  const weights = tensor(raw.map((w) => w / raw.reduce((a, b) => a + b, 0)));
  const close = log(index(days, width - 1, 1));
  const returns = mul(sub(sliceAxis(close, 0, 1, length), sliceAxis(close, 0, 0, length - 1)), 100);
  return { returns, volatility: sqrt(add(dot(square(returns), weights, [[0], [0]]), 1e-6)) };
};

/** How variable the last `n` values are beside the volatility. */
export const beside = (values: Expr, n: number, volatility: Expr): Expr =>
  log(add(div(sqrt(mean(square(last(values, n)))), volatility), 0.05));

/** Corrects the quantiles of a normal distribution by some features. It begins without a correction. */
const correcting = (features: number) =>
  sequential(
    dense(features, 16),
    tanh,
    dense(16, quantiles.length, {
      weightInit: initializers.normal(0.01),
      biasInit: initializers.zeros,
    }),
  );

/** What is known of some days: features, and the volatility, which quantiles are in the unit of. */
export interface Known {
  readonly features: readonly Expr[];
  readonly volatility: Expr;
}

/** The mean pinball loss of quantiles, and of the median alone. */
const lossOf = (output: Expr, next: Expr) => {
  const each = quantiles.map((q, i) => pinball(index(output, i), next, q));
  return { loss: mean(stack(each)), median: each[2] as Expr };
};

/** Networks that walk through the years: that of each has learned from the years before it, and is tested on it. */
export const walking = (
  years: readonly number[],
  features: number,
  known: (days: Expr) => Known,
) => {
  type Models = { readonly [name: string]: (x: never) => Expr };
  const network = correcting(features);
  const nameOf = (year: number | undefined) => `before ${year}`;
  /** The quantiles that the network of a year forecasts, in order. */
  const forecast = (models: Models, year: number | undefined, days: Expr): Expr => {
    const of = known(days);
    // As many features as the models take, which the type of a list of them does not say.
    const correction = models[nameOf(year)]?.(concatenate(of.features) as never) as Expr;
    return sort(mul(add(correction, tensor(normal)), of.volatility));
  };
  return {
    models: Object.fromEntries(years.map((year) => [nameOf(year), network])),
    loss: (
      models: Models,
      { days, next, counts }: { readonly [column in "days" | "next" | "counts"]: Expr },
    ) => {
      const each = years.map((year) => forecast(models, year, days));
      const judged = each.map((output) => lossOf(output, next));
      const counted = (of: readonly Expr[]) => dot(stack(of), counts, [[0], [0]]);
      return {
        loss: counted(judged.map(({ loss }) => loss)) as Expr<readonly []>,
        output: counted(each),
        target: next,
        values: { median: counted(judged.map(({ median }) => median)) },
      };
    },
    predict: (models: Models, { days }: { readonly days: Expr }) =>
      forecast(models, years.at(-1), days),
  };
};

/** The middle and the edges of a forecast, in words. */
export const chances = (answer: Answer): string => {
  const [low, , middle, , high] = "value" in answer ? [answer.value].flat(2).map(Number) : [];
  return `from ${low?.toFixed(2)} to ${high?.toFixed(2)} % in nine of ten, ${middle?.toFixed(2)} % in the middle`;
};
