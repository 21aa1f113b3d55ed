import { join } from "node:path";
import * as Effect from "effect/Effect";
import {
  fromRecords,
  parseCsv,
  readText,
  sampled,
  standardScaler,
  weighted,
} from "../../../src/data/index.ts";
import { type Dataset, dataset, fromTypedArray, type Tensor } from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";

const commit = "1d16c8f4f943005d613b5bc962e9eeb06058cf07";

/** A transformer of a Chinese power grid, hour by hour for two years. */
export const transformerOilFiles = dataFiles({
  name: "transformer-oil",
  license: "CC BY-ND 4.0",
  origin: "https://github.com/zhouhaoyi/ETDataset",
  files: [
    {
      path: "ETTh1.csv",
      address: `https://raw.githubusercontent.com/zhouhaoyi/ETDataset/${commit}/ETT-small/ETTh1.csv`,
      bytes: 2_589_657,
      sha256: "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
    },
  ],
  packed: { file: "ett-small.tar.gz", as: "tar.gz", under: "ETT-small/" },
});

/** What is measured: six loads (high, middle and low; useful and useless), and the temperature of the oil. */
export const variables = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"] as const;

const width = variables.length;

/** A stretch of hours, and the hours after it, in the units of the table. */
export type Stretch<P extends number = number, F extends number = number> = {
  readonly past: Tensor<readonly [P, typeof width]>;
  readonly future: Tensor<readonly [F, typeof width]>;
  /** The standard deviation of each variable in the training part, by which errors are divided. */
  readonly deviation: Tensor<readonly [typeof width]>;
};

/** The hours of a month of 30 days. The customary parts have 12, 4 and 4 of them. */
const month = 30 * 24;

/** The options of the dataset. */
export interface StretchOptions<P extends number, F extends number> {
  /** The number of hours that a forecast looks back on. */
  readonly past: P;
  /** The number of hours that it looks ahead. */
  readonly future: F;
  /** The number of stretches that are drawn for an epoch. */
  readonly rows: number;
  /** The hours of the training, validation and test parts. Defaults to 12, 4 and 4 months of 30 days. */
  readonly parts?: readonly [train: number, validation: number, test: number];
}

/**
 * Cuts a table of hours into stretches. What is forecast lies in one part; what a forecast of a later part looks back on may
 * lie in the part before it, as it is known by then. The test has every stretch, the validation every eighth, and an epoch
 * `rows` of those in the training part.
 *
 * **Fails with** `TableCorrupt` where the table lacks a variable, or one is no number.
 */
export const stretchesOf = Effect.fnUntraced(function* <P extends number, F extends number>(
  text: string,
  file: string,
  { past, future, rows, parts = [12 * month, 4 * month, 4 * month] }: StretchOptions<P, F>,
) {
  const decoded = parseCsv(text, { hours: variables }, file);
  if (decoded._tag === "Left") return yield* decoded.left;
  const hours = Float32Array.from(decoded.right.column("hours").toTypedArray(), Math.fround);
  const { scale } = standardScaler.fit(decoded.right.take(parts[0]), "hours");
  const between = (from: number, to: number, step = 1): Dataset<Stretch<P, F>> => {
    const count = Math.max(0, Math.ceil((to - from - future + 1) / step));
    const column = (length: number, offset: number) => {
      const values = new Float32Array(count * length * width);
      for (let i = 0; i < count; i++) {
        const at = (from + i * step + offset) * width;
        values.set(hours.subarray(at, at + length * width), i * length * width);
      }
      return values;
    };
    return dataset({
      past: fromTypedArray([count, past, width], column(past, -past)),
      future: fromTypedArray([count, future, width], column(future, 0)),
      deviation: fromTypedArray(
        [count, width],
        Float32Array.from(
          { length: count * width },
          (_, i) => scale.toTypedArray()[i % width] ?? 1,
        ),
      ),
    });
  };
  const [first, second, third] = [parts[0], parts[0] + parts[1], parts[0] + parts[1] + parts[2]];
  const train = between(past, first);
  return {
    train: sampled(
      train,
      weighted(new Float64Array(train.size).fill(1), {
        rows: Math.min(rows, train.size),
        replacement: false,
      }),
    ),
    validation: between(first, second, 8),
    test: between(second, third),
    inputs: { past: fromRecords(past, variables) },
  };
});

/**
 * The loads of an electricity transformer and the temperature of its oil, hour by hour: ETTh1.
 *
 * **Source** Zhou et al., "Informer: beyond efficient Transformer for long sequence time-series forecasting" (2021),
 * arXiv:2012.07436.
 */
export const transformerOilStretches = Effect.fnUntraced(function* <
  P extends number,
  F extends number,
>(options: StretchOptions<P, F>) {
  const file = join(yield* dataFolder(transformerOilFiles), "ETTh1.csv");
  return yield* stretchesOf(yield* readText(file), file, options);
});
