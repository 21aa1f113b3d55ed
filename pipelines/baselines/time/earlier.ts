import type { Baseline } from "../../../src/index.ts";

/**
 * A baseline for forecasts of variables in a column `future: [hours, variables]`: each hour is as one of the column `past`.
 * Errors are divided by the column `deviation: [variables]`.
 */
export const earlier = (name: string, from: (hour: number) => number): Baseline => ({
  name,
  evaluate: ({ train, test = train }) => {
    const [past, future] = [test.column("past"), test.column("future")];
    const [known, wanted] = [past.toTypedArray(), future.toTypedArray()];
    const deviation = test.column("deviation").toTypedArray();
    const [, hours = 0] = past.shape;
    const [rows = 0, ahead = 0, width = 0] = future.shape;
    let [squared, absolute] = [0, 0];
    for (let row = 0; row < rows; row++)
      for (let hour = 0; hour < ahead; hour++)
        for (let i = 0; i < width; i++) {
          const said = known[(row * hours + from(hour)) * width + i] as number;
          const was = wanted[(row * ahead + hour) * width + i] as number;
          const off = (said - was) / (deviation[row * width + i] as number);
          squared += off * off;
          absolute += Math.abs(off);
        }
    return { mse: squared / wanted.length, mae: absolute / wanted.length };
  },
});
