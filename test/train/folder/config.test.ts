import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { adam, adamw, chain, clipByGlobalNorm, sgd, withOptimizer } from "../../../src/index.ts";
import {
  configured,
  effectiveConfig,
  mergedConfig,
  type RunConfig,
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
    ["optimizer=1", ["optimizer"], "options of the optimizer by name", "1"],
    ["optimizer.beta1=[1]", ["optimizer", "beta1"], "a number, true, false or a text", "[1]"],
    ["batchsize=3", ["batchsize"], expect.stringMatching(/^batchSize, or one of/), "3"],
    ["validationShare=1", ["validationShare"], "a number from 0 to less than 1", "1"],
    ["__proto__.epochs=3", ["__proto__"], expect.stringContaining("one of"), '{"epochs":3}'],
  ])("names the path, the expectation and the finding of %s", (setting, path, expected, actual) => {
    expect(issueOf(setting)).toEqual({ path, expected, actual });
  });

  it.each([
    [
      "checkpoints.seconds=20",
      "there is no setting checkpoints.seconds: name in checkpoints one of epochs, steps, minutes, keep",
    ],
    ["epoch=20", "there is no setting epoch: name epochs, or one of"],
    ["epochs=0", "set epochs to a whole number, 1 or more"],
  ])("says what to write in place of %s", (setting, fix) => {
    const error = Effect.runSync(Effect.flip(withSettings({}, [setting])));
    expect(error.message).toContain(`fix: ${fix}`);
  });

  it("is applied to a pipeline, and what it leaves out stays", () => {
    const of = configured(small, { epochs: 9, shuffle: false });
    expect(of).toMatchObject({ epochs: 9, shuffle: false, batchSize: 16, seed: 3 });
  });

  it("sets every option of the pipeline's optimizer, by the check of its own function", () => {
    const chained = withOptimizer(chain(clipByGlobalNorm(1), adamw({ learningRate: 0.1 })))(small);
    const set = (...settings: readonly string[]) =>
      configured(chained, Effect.runSync(withSettings({}, settings)));
    const stored = ({ optimizer }: RunConfig) => optimizer;
    const made = set("optimizer.weightDecay=0.5", "optimizer.limit=2", "optimizer.adamw.beta1=0.5");
    expect(made.refused).toBeUndefined();
    expect(stored(effectiveConfig(made, {}))).toEqual({
      ...{ limit: 2, learningRate: 0.1, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
      ...{ weightDecay: 0.5, amsgrad: false },
    });
    // What is stored makes the same optimizer again.
    const again = configured(chained, effectiveConfig(made, {}));
    expect(stored(effectiveConfig(again, {}))).toEqual(stored(effectiveConfig(made, {})));
    expect(set("optimizer.weightDecya=1").refused).toEqual({
      field: "optimizer.weightDecya",
      value: "1",
      expected:
        "weightDecay, or another option of clipByGlobalNorm, then adamw: limit, learningRate, beta1, beta2, epsilon, weightDecay, amsgrad",
    });
    expect(set("optimizer.beta1=1").refused).toMatchObject({
      field: "optimizer.beta1",
      expected: "a number from 0 to less than 1",
    });
    expect(set("optimizer.limit=-1").refused?.expected).toBe("a number above 0");
    expect(set("optimizer.amsgrad=1").refused?.expected).toBe("true or false");
    expect(set("optimizer.learningRate=0.3").refused).toBeUndefined();
    // Of two optimizers with the same options, each goes by its name.
    const twice = withOptimizer(chain(sgd({ learningRate: 1 }), adam({ learningRate: 0.1 })))(
      small,
    );
    expect(stored(effectiveConfig(twice, {}))).toMatchObject({
      ...{ momentum: 0, beta1: 0.9 },
      ...{ sgd: { learningRate: 1 }, adam: { learningRate: 0.1 } },
    });
  });

  it("is merged group by group", () => {
    expect(
      mergedConfig({ epochs: 1, checkpoints: { keep: 2 } }, { checkpoints: { steps: 5 } }),
    ).toEqual({ epochs: 1, checkpoints: { keep: 2, steps: 5 } });
    expect(runConfigCodec.is({ epochs: 1 })).toBe(true);
  });
});
