import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { nearestMeanOf } from "../../pipelines/baselines/classes.ts";
import { cartpole } from "../../pipelines/control/cartpole.ts";
import { catching } from "../../pipelines/control/catch.ts";
import { ticTacToeByItself } from "../../pipelines/control/tic-tac-toe.ts";
import { caseStudy } from "../../pipelines/foundations/case-study.ts";
import { perceptron } from "../../pipelines/foundations/perceptron.ts";
import { mnistMlp } from "../../pipelines/vision/mnist-mlp.ts";
import { dataset, predictor, tensor, train$, withEpochs } from "../../src/index.ts";
import { backends, bitsOf, collect, lastOf, losses } from "../train/examples.ts";

const services = backends.wasm;

describe("mnist-mlp", () => {
  it("recognizes 94 % of the test digits after an epoch", async () => {
    const events = await collect(train$(pipe(mnistMlp, withEpochs(1)), { services }));
    expect(lastOf(events, "Started")).toMatchObject({
      examples: 60_000,
      parameters: 784 * 128 + 128 + 128 * 10 + 10,
      stepsPerEpoch: 938,
    });
    expect(lastOf(events, "Completed").test?.metrics.accuracy).toBeGreaterThan(0.94);
    expect(lastOf(events, "EpochCompleted").metrics.accuracy).toBeGreaterThan(0.9);
    const [nearest] = lastOf(events, "Started").baselines;
    expect(nearest?.metrics.accuracy).toBeCloseTo(0.8203, 4);
    expect(lastOf(events, "Sampled").text).toMatch(/^digit 1, a 7: 7 /);
    const { answer } = predictor(mnistMlp, lastOf(events, "Completed").state, { services });
    const paper = (side: number) => ({
      image: { width: side, height: side, data: new Uint8Array(4 * side * side).fill(255) },
    });
    expect(await answer(paper(28))).toMatchObject({ class: expect.stringMatching(/^\d$/) });
    await expect(answer(paper(20))).rejects.toMatchObject({ _tag: "InvalidArgument" });
  });

  it("starts the same on both backends, up to f32 rounding", async () => {
    const alone = { ...mnistMlp, baselines: [] };
    const [wasm, reference] = [
      losses(await collect(train$(alone, { services }).pipe(take(5)))),
      losses(await collect(train$(alone, { services: backends.reference }).pipe(take(5)))),
    ];
    expect(wasm).toHaveLength(3);
    for (const [i, loss] of wasm.entries())
      expect(Math.abs(loss - (reference[i] ?? Number.NaN))).toBeLessThan(2e-6);
  });
});

describe("the nearest mean", () => {
  it("divides classes half way between their means, on what is held out", () => {
    const rows = (x: readonly number[], kind: readonly number[]) =>
      dataset({ x: tensor(x.map((one) => [one])), kind: tensor(kind, "i32") });
    // The means are 1 and 11.
    const train = rows([0, 2, 10, 12], [4, 4, 7, 7]);
    const validation = rows([5.9, 6.1, 20], [4, 7, 4]);
    const nearest = nearestMeanOf("x", { target: "kind" });
    expect(nearest.evaluate({ train, validation })).toEqual({ accuracy: 2 / 3 });
  });
});

describe("case-study", () => {
  it("memorizes its examples, and generalizes nearly as well as possible", async () => {
    const events = await collect(train$(pipe(caseStudy, withEpochs(15)), { services }));
    const { metrics, validation } = lastOf(events, "EpochCompleted");
    expect(metrics.accuracy).toBe(1);
    // Φ(2) = 0.977 is the best possible accuracy; 200 examples measure it to about 0.01.
    expect(validation?.metrics.accuracy).toBeGreaterThan(0.93);
    const [nearest] = lastOf(events, "Started").baselines;
    expect(nearest?.metrics.accuracy).toBeGreaterThan(0.95);
    expect(lastOf(events, "Sampled").text.split("\n")).toHaveLength(4);
  });
});

describe("cartpole", () => {
  it("balances the pole to the end of 100 new episodes", async () => {
    const events = await collect(train$(cartpole, { services }));
    expect(lastOf(events, "Completed").test?.metrics.return).toBeGreaterThanOrEqual(475);
    const [random] = lastOf(events, "Started").baselines;
    // Random pushes balance for about 22 steps.
    expect(Math.abs((random?.metrics.return ?? 0) - 22)).toBeLessThan(5);
  });
});

describe("catch", () => {
  it("catches every ball of 1000 new episodes, and shows the boards of one", async () => {
    const events = await collect(train$(catching, { services }));
    expect(lastOf(events, "Completed").test?.metrics.return).toBe(1);
    const [random] = lastOf(events, "Started").baselines;
    // Random moves catch about a fifth of the balls.
    expect(Math.abs((random?.metrics.return ?? 0) + 0.6)).toBeLessThan(0.1);
    const rows = lastOf(events, "Sampled").text.split("\n");
    expect(rows).toHaveLength(10);
    expect(rows[0]?.split("  ").map((row) => row.includes("#"))).toEqual([
      true,
      ...Array(8).fill(false),
    ]);
  });
});

describe("tic-tac-toe", () => {
  it("loses few games against a perfect player after an epoch, and shows a game against itself", async () => {
    const events = await collect(train$(pipe(ticTacToeByItself, withEpochs(1)), { services }));
    const { metrics } = lastOf(events, "Completed").test ?? expect.unreachable();
    expect(metrics.losses).toBeLessThan(0.3);
    // Nobody wins against a perfect player.
    expect(metrics.return).toBe(-(metrics.losses ?? 0) + 0);
    const [random] = lastOf(events, "Started").baselines;
    expect(random?.metrics.return).toBeLessThan(-0.8);
    expect(lastOf(events, "Sampled").text).toMatch(/^··· {2}[·X]{3} {2}[·XO]{3} {2}/);
  });
});

describe("perceptron", () => {
  it("finds a line that separates the species", async () => {
    const events = await collect(train$(perceptron, { services }));
    expect(lastOf(events, "EpochCompleted")).toMatchObject({ loss: 0, metrics: { accuracy: 1 } });
    expect(lastOf(events, "Started").baselines).toMatchObject([
      { name: "nearest mean", metrics: { accuracy: 1 } },
    ]);
    expect(lastOf(events, "Sampled").text).toMatch(
      /setosa: setosa .*\n.*versicolor: versicolor .*\n.*versicolor: versicolor /,
    );
  });

  it("adds or subtracts misclassified examples: its weights are sums of the table's lengths", async () => {
    const events = await collect(train$(perceptron, { services: backends.reference }));
    const { params } = lastOf(events, "Completed").state.carried;
    for (const weight of params.weight.toTypedArray())
      expect(Math.abs(weight * 10 - Math.round(weight * 10))).toBeLessThan(1e-4);
    expect(Number.isInteger(params.bias.item())).toBe(true);
  });

  it("stops changing once it makes no mistakes", async () => {
    const [five, ten] = [
      await collect(train$(pipe(perceptron, withEpochs(5)), { services })),
      await collect(train$(perceptron, { services })),
    ];
    const paramsOf = (events: typeof five) =>
      (bitsOf(lastOf(events, "Completed").state) as { readonly params: unknown }).params;
    expect(paramsOf(ten)).toEqual(paramsOf(five));
  });
});
