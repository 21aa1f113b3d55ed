import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import {
  configured,
  mergedConfig,
  runConfigCodec,
  withSettings,
} from "../../../src/train/folder/config.ts";
import { small } from "../examples.ts";

const issueOf = (...settings: readonly string[]) => {
  const error = Effect.runSync(Effect.flip(withSettings({}, settings)));
  return error.issues[0];
};

describe("the configuration of a run", () => {
  it("is changed by paths, the later last", () => {
    const made = withSettings({ epochs: 3 }, [
      "optimizer.learningRate=0.01",
      "checkpoints.minutes=5",
      "optimizer.learningRate=0.02",
      "pipeline=mnist-mlp",
    ]);
    expect(Effect.runSync(made)).toEqual({
      epochs: 3,
      optimizer: { learningRate: 0.02 },
      checkpoints: { minutes: 5 },
      pipeline: "mnist-mlp",
    });
  });

  it.each([
    ["epochs=0", ["epochs"], "a whole number, 1 or more", "0"],
    ["epochs=many", ["epochs"], "a whole number, 1 or more", '"many"'],
    [
      "optimizer.learningRate=-1",
      ["optimizer", "learningRate"],
      "a finite number that is not negative",
      "-1",
    ],
    ["optimizer.rate=1", ["optimizer", "rate"], "one of learningRate", "1"],
    ["batchsize=3", ["batchsize"], expect.stringContaining("batchSize"), "3"],
    ["validationShare=1", ["validationShare"], "a number from 0 to less than 1", "1"],
    ["__proto__.epochs=3", ["__proto__"], expect.stringContaining("one of"), '{"epochs":3}'],
  ])("names the path, the expectation and the finding of %s", (setting, path, expected, actual) => {
    expect(issueOf(setting)).toEqual({ path, expected, actual });
  });

  it("is applied to a pipeline, and what it leaves out stays", () => {
    const of = configured(small, { epochs: 9, shuffle: false });
    expect(of).toMatchObject({ epochs: 9, shuffle: false, batchSize: 16, seed: 3 });
  });

  it("is merged group by group", () => {
    expect(
      mergedConfig({ epochs: 1, checkpoints: { keep: 2 } }, { checkpoints: { steps: 5 } }),
    ).toEqual({ epochs: 1, checkpoints: { keep: 2, steps: 5 } });
    expect(runConfigCodec.is({ epochs: 1 })).toBe(true);
  });
});
