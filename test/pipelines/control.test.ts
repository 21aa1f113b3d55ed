import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { expect, it } from "vitest";
import { cartpole } from "../../pipelines/control/cartpole.ts";
import { pendulum } from "../../pipelines/control/pendulum.ts";
import { experience } from "../../src/data/index.ts";
import { train$, withData, withEpochs } from "../../src/index.ts";
import { episodes } from "../../src/learn/reinforcement/index.ts";
import type { AnyPipeline } from "../../src/train/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** A run of a few plays, whose baseline is judged by the same episodes. */
const few = async (of: AnyPipeline, plays: number, epochs: number) => {
  const data = Effect.succeed({ train: experience(plays), test: episodes(20, 2) });
  const short = pipe(of, withData(data), withEpochs(epochs));
  const events = await collect(train$(short, { services: backends.wasm }));
  return {
    losses: events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : [])),
    shown: events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : [])),
    random: lastOf(events, "Started").baselines[0]?.metrics.return ?? Number.NaN,
    reached: lastOf(events, "Completed").test?.metrics.return ?? Number.NaN,
  };
};

it("cartpole soon balances longer than by chance, and shows the angle of an episode", async () => {
  const { shown, random, reached } = await few(cartpole, 2, 4);
  // Random pushes let the pole fall after some 20 steps.
  expect(random).toBeGreaterThan(15);
  expect(random).toBeLessThan(35);
  expect(reached).toBeGreaterThan(random);
  expect(shown).toHaveLength(4);
  for (const text of shown)
    expect(text).toMatch(
      /^\d+ steps, angle of the pole in degrees from -?\d+\.\d to -?\d+\.\d: [▁-█]+$/,
    );
});

it("pendulum learns what its swings earn, and shows the height of an episode", async () => {
  const { losses, shown, random } = await few(pendulum, 1, 3);
  expect(losses[2]).toBeLessThan((losses[0] ?? 0) / 2);
  // Random torques earn about -1200 in 200 steps.
  expect(random).toBeGreaterThan(-1500);
  expect(random).toBeLessThan(-900);
  // An episode is cut after 200 steps; the tip is as far from the joint as it is long.
  for (const text of shown)
    expect(text).toMatch(
      /^200 steps, height of the tip, of the length, from -[01]\.\d to -?[01]\.\d: [▁-█]{50}$/,
    );
});
