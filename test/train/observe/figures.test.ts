import * as fc from "fast-check";
import { filter, map } from "rxjs";
import { describe, expect, it } from "vitest";
import { sgd, train$, withOptimizer } from "../../../src/index.ts";
import { recorded } from "../../../src/optim/index.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { layerFigures, statesEvery, tensorFigures } from "../../../src/train/index.ts";
import { bitsOf, collect, lastOf, small } from "../examples.ts";

describe("tensorFigures", () => {
  it("describes numbers, by hand", () => {
    expect(tensorFigures("w", tensor([0, 1, 2, 3, 4]), 2)).toEqual({
      path: "w",
      size: 5,
      least: 0,
      greatest: 4,
      mean: 2,
      deviation: Math.SQRT2,
      norm: Math.sqrt(30),
      zeros: 1 / 5,
      nonFinite: 0,
      counts: [2, 3],
    });
  });

  it("counts infinities and NaN apart", () => {
    const odd = tensor([Number.NaN, 1, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY]);
    const { nonFinite, mean, counts } = tensorFigures("w", odd, 2);
    expect([nonFinite, mean, counts]).toEqual([3, 2, [1, 1]]);
    expect(tensorFigures("w", tensor([Number.NaN]), 1)).toMatchObject({ counts: [0], norm: 0 });
  });

  it("puts every finite number into one bin, for any range", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (xs, bins) => {
          const { counts, nonFinite } = tensorFigures("w", tensor(xs, "f64"), bins);
          expect(counts).toHaveLength(bins);
          expect(counts.reduce((a, b) => a + b, 0) + nonFinite).toBe(xs.length);
        },
      ),
    );
  });

  it("refuses no bins", () =>
    expect(() => tensorFigures("w", tensor([1]), 0)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    ));
});

describe("layerFigures", () => {
  const learningRate = 0.5;
  const watched = withOptimizer(recorded(sgd({ learningRate })))(small);

  it("has params, gradients and updates, by path", async () => {
    const all = await collect(
      train$(watched).pipe(
        statesEvery({ steps: 3 }),
        filter((event) => event._tag === "StateReached"),
        map(({ state }) => layerFigures(state, { bins: 4 })),
      ),
    );
    expect(all.map(({ step }) => step).slice(0, 2)).toEqual([3, 6]);
    for (const { params, gradients, updates } of all) {
      const paths = ["0.bias", "0.weight", "3.bias", "3.weight"];
      for (const figures of [params, gradients, updates])
        expect(figures.map(({ path }) => path)).toEqual(paths);
      // Plain SGD: each update is its gradient times the negative rate.
      updates.forEach(({ norm, mean }, i) => {
        expect(norm).toBeCloseTo(learningRate * (gradients[i]?.norm ?? 0), 6);
        expect(mean).toBeCloseTo(-learningRate * (gradients[i]?.mean ?? 0), 6);
      });
      expect(gradients.some(({ norm }) => norm > 0)).toBe(true);
    }
  });

  it("recording changes nothing that is learned", async () => {
    const ends = await Promise.all(
      [watched, withOptimizer(sgd({ learningRate }))(small)].map(async (of) => {
        const { carried } = lastOf(await collect(train$(of)), "Completed").state;
        return bitsOf((carried as { readonly params: unknown }).params);
      }),
    );
    expect(ends[0]).toEqual(ends[1]);
  });

  it("has no gradients where none are recorded", async () => {
    const { state } = lastOf(await collect(train$(small)), "Completed");
    const { params, gradients, updates } = layerFigures(state);
    expect([params.length, gradients.length, updates.length]).toEqual([4, 0, 0]);
  });
});
