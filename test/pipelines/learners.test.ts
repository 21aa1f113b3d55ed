import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { sines } from "../../pipelines/data/directions/sines.ts";
import { mnistPrivate } from "../../pipelines/directions/mnist-private.ts";
import { mnistSimclr, mnistSimclrFew } from "../../pipelines/directions/mnist-simclr.ts";
import { sineMaml, sineMamlTenSteps } from "../../pipelines/directions/sine-maml.ts";
import { predictor, train$, withEpochs } from "../../src/index.ts";
import { type AnyPipeline, initialState, modelOf } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

const services = backends.wasm;

const mean = (some: readonly number[]) => some.reduce((a, b) => a + b, 0) / some.length;

/** An empty sheet. */
const paper = (side: number) => ({
  image: { width: side, height: side, data: new Uint8Array(4 * side * side).fill(255) },
});

/** The run without its baselines and without the run that it starts from. */
const alone = (of: AnyPipeline): AnyPipeline => ({ ...of, baselines: [], origin: undefined });

describe("sines", () => {
  it("of a task have one amplitude and one phase, at the given points and at the new ones", () => {
    const { x, y, newX, newY } = sines(1, { tasks: 20, points: 6 }).all();
    for (let task = 0; task < 20; task++) {
      const at = (i: number) => [x.at(task, i, 0), y.at(task, i, 0)] as const;
      // a sin(x - φ) = p sin x + q cos x, by two points.
      const [[x0, y0], [x1, y1]] = [at(0), at(1)];
      const d = Math.sin(x0) * Math.cos(x1) - Math.sin(x1) * Math.cos(x0);
      const [p, q] = [
        (y0 * Math.cos(x1) - y1 * Math.cos(x0)) / d,
        (y1 * Math.sin(x0) - y0 * Math.sin(x1)) / d,
      ];
      const points = [at(2), at(5), [newX.at(task, 3, 0), newY.at(task, 3, 0)] as const];
      for (const [place, height] of points)
        expect(p * Math.sin(place) + q * Math.cos(place)).toBeCloseTo(height, 2);
      const amplitude = Math.hypot(p, q);
      expect(amplitude).toBeGreaterThan(0.09);
      expect(amplitude).toBeLessThan(5.01);
    }
  });
});

describe("sine-maml", () => {
  it("learns in three epochs what one step needs", async () => {
    const events = await collect(train$(pipe(alone(sineMaml), withEpochs(3)), { services }));
    // A sine of amplitude a has a mean square of a²/2, which is 4.2 for amplitudes from 0.1 to 5.
    expect(lastOf(events, "Completed").test?.loss).toBeLessThan(1.5);
    const said = lastOf(events, "Sampled").text.split("\n");
    expect(said).toHaveLength(3);
    expect(said[0]).toMatch(/^sine 1, [▁-█]{10} from -?\d\.\d to .*: [▁-█]{10} from /);
  });

  it("only tests after ten steps, at a rate of 0", async () => {
    const events = await collect(train$(alone(sineMamlTenSteps), { services }).pipe(take(3)));
    expect(lastOf(events, "StepCompleted").learningRate).toBe(0);
  });
});

describe("mnist-simclr", () => {
  it("begins without labels: views find each other better than by chance", async () => {
    const events = await collect(
      train$({ ...mnistSimclr, baselines: [] }, { services }).pipe(take(20)),
    );
    const all = losses(events);
    expect(mean(all.slice(-5))).toBeLessThan(mean(all.slice(0, 5)) - 0.03);
    // The loss of views that are all alike.
    expect(all[0]).toBeLessThan(Math.log(2 * 256 - 1) + 1);
  });

  it("then trains the probe alone", async () => {
    const events = await collect(train$(alone(mnistSimclrFew), { services }).pipe(take(40)));
    const all = losses(events);
    expect(mean(all.slice(-5))).toBeLessThan(0.9 * mean(all.slice(0, 5)));
    const { answer } = predictor(mnistSimclrFew, initialState(mnistSimclrFew), { services });
    expect(await answer(paper(28))).toMatchObject({ class: expect.stringMatching(/^\d$/) });
    await expect(answer(paper(29))).rejects.toMatchObject({ _tag: "InvalidArgument" });
  });
});

describe("mnist-private", () => {
  it("takes noisy steps on batches of Poisson draws, and learns", async () => {
    const events = await collect(train$(alone(mnistPrivate), { services }).pipe(take(8)));
    expect(lastOf(events, "Started")).toMatchObject({ stepsPerEpoch: 117 });
    const all = losses(events);
    expect(all.at(-1)).toBeLessThan(all[0] as number);
  });

  it("answers a picture of a digit by a model without its draws, and refuses one of another size", async () => {
    const model = await Effect.runPromise(modelOf(mnistPrivate, initialState(mnistPrivate)));
    const { answer } = predictor(model, { services });
    expect(await answer(paper(28))).toMatchObject({ class: expect.stringMatching(/^\d$/) });
    await expect(answer(paper(27))).rejects.toMatchObject({ _tag: "InvalidArgument" });
  });
});
