import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { checkAsync } from "../../../laws/law.ts";
import { layerCases } from "../../../laws/registry/networks/layers.ts";
import {
  type PredictionSubject,
  predictionIsApply,
  predictionLaws,
  rowsApart,
} from "../../../laws/training/prediction.ts";
import { mustHoldInTime } from "../../../laws/vitest.ts";
import { Backend } from "../../../src/backend/index.ts";
import { Dataset, dataset } from "../../../src/data/dataset.ts";
import { dense, dropout, sequential, tanh } from "../../../src/index.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { makePredictor, type Rows } from "../../../src/train/index.ts";
import { device } from "../../backend/late.ts";
import { layerStanding } from "../../backend/standing.ts";

describe("prediction", () => {
  test.each(layerCases.map((each) => [each.name, each] as const))("%s", async (name, of) => {
    const subject = {
      name,
      layer: of.layer,
      shape: of.shape,
      services: layerStanding,
      exact: false,
    };
    for (const law of predictionLaws) await mustHoldInTime(law, subject, { runs: 1 });
  });

  const network: PredictionSubject = {
    name: "a network",
    layer: sequential(dense(4, 5), tanh, dropout(0.5), dense(5, 3)),
    shape: [4],
    services: layerStanding,
    exact: false,
  };

  test("on the reference backend, to the bit", async () => {
    const exactly = { ...network, services: Backend.layerReference, exact: true };
    for (const law of predictionLaws) await mustHoldInTime(law, exactly, { runs: 10 });
  });

  test.each([1, 3])("on a device that answers later, %i steps ahead", async (ahead) => {
    const late = { ...network, services: device({ ahead }).layer };
    for (const law of predictionLaws) await mustHoldInTime(law, late, { runs: 6 });
  });

  describe("planted mistakes are noticed", () => {
    /** Predicts with something changed about rows before, or outputs after. */
    const changed =
      (
        before: (rows: Dataset) => Dataset,
        after: (outputs: Tensor) => Tensor = (y) => y,
      ): typeof makePredictor =>
      (...args) =>
        Effect.map(makePredictor(...args), (predict) =>
          Object.assign(
            (rows: Rows) =>
              Effect.map(predict(rows instanceof Dataset ? before(rows) : rows), after),
            { answers: predict.answers },
          ),
        );
    const broken = async (
      law: (typeof predictionLaws)[number],
      predicting: typeof makePredictor,
    ): Promise<string> => {
      const verdict = await checkAsync(law, { ...network, predicting }, { runs: 10 });
      return isLeft(verdict) ? verdict.left.reason : "";
    };

    test("rows out of order", async () => {
      const reversed = changed((rows) =>
        rows.pick(Int32Array.from({ length: rows.size }, (_, i) => rows.size - 1 - i)),
      );
      expect(await broken(predictionIsApply, reversed)).not.toBe("");
    });

    test("a last batch whose outputs are those of its filling", async () => {
      const late = changed((rows) => (rows.size < 2 ? rows : rows.skip(1).concat(rows.take(1))));
      expect(await broken(predictionIsApply, late)).not.toBe("");
    });

    test("a statistic over the rows of a batch", async () => {
      const centered = changed((rows) => dataset({ x: minusMean(rows.column("x") as Tensor) }));
      expect(await broken(rowsApart, centered)).toContain("among NaN");
      expect(await broken(predictionIsApply, centered)).not.toBe("");
    });
  });
});

/** Subtracts the mean of each column over all rows. */
const minusMean = (x: Tensor): Tensor => {
  const [rows = 1, width = 1] = x.shape;
  const data = Float32Array.from(Tensor.read(x));
  for (let j = 0; j < width; j++) {
    const mean =
      Array.from({ length: rows }, (_, i) => data[i * width + j] ?? 0).reduce((a, b) => a + b, 0) /
      rows;
    for (let i = 0; i < rows; i++) data[i * width + j] = (data[i * width + j] ?? 0) - mean;
  }
  return Tensor.own([rows, width], "f32", data);
};
