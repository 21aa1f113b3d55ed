import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { concatMap, delay, from, of as only, Subject, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  adam,
  loadCheckpoint,
  resume$,
  saveCheckpoints,
  sgd,
  type TrainEvent,
  train$,
  withCallback,
  withEpochs,
  withOptimizer,
} from "../../../src/index.ts";
import {
  type GradientTransformation,
  type HyperparametersIn,
  hyperparametersOf,
  injectHyperparameters,
} from "../../../src/optim/index.ts";
import { scalar } from "../../../src/tensor/constructors.ts";
import {
  type RateOnPlateau,
  reduceRateOnPlateau,
  stopWhen,
  tuned,
} from "../../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";
import { completed, epoch, started } from "./events.ts";
import { diagramOf } from "./marbles.ts";

const services = backends.wasm;
const injected: GradientTransformation = injectHyperparameters({ learningRate: 0.5 }, (h) =>
  adam({ learningRate: () => h.learningRate }),
);
const base = pipe(small, withEpochs(3), withOptimizer(injected));

/** The number of epochs is the denominator of the rate. */
const dividing = (every?: number) =>
  tuned<number, unknown>({
    name: "dividing",
    init: 1,
    is: (memory): memory is number => typeof memory === "number",
    step: (n, event) => (event._tag === "StepCompleted" ? n + 1 : n),
    values: (n) => ({ learningRate: 1 / n }),
    ...(every !== undefined && { every }),
  });

const ratesOf = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event._tag === "StepCompleted" ? [event.learningRate] : []));

describe("tuned", () => {
  it("changes the rate at the end of epochs, or every so many steps, on any device at the same ones", async () => {
    const epochs = [...Array(4).fill(0.5), ...Array(4).fill(1 / 5), ...Array(4).fill(1 / 9)];
    const steps = [0.5, 0.5, 0.5, ...[4, 4, 4, 7, 7, 7, 10, 10, 10].map((n) => 1 / n)];
    for (const [every, expected] of [
      [undefined, epochs],
      [3, steps],
    ] as const) {
      const run = pipe(base, withCallback(dividing(every)));
      const events = await collect(train$(run, { services }));
      expect(ratesOf(events)).toEqual(expected);
      const late = await collect(train$(run, { services: backends["late 8"] }));
      expect(losses(late)).toEqual(losses(events));
      expect(bitsOf(lastOf(late, "Completed").state)).toEqual(
        bitsOf(lastOf(events, "Completed").state),
      );
    }
  });

  it("is saved with the run, in a file too, and resumed from there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fluxion-tuned-"));
    const run = pipe(base, withCallback(dividing()));
    const whole = await collect(train$(run, { services }));
    const path = join(folder, "one.safetensors");
    const one = pipe(run, withEpochs(1), withCallback(saveCheckpoints(run, { path })));
    await collect(train$(one, { services }));
    const state = await Effect.runPromise(loadCheckpoint(run, path));
    rmSync(folder, { recursive: true });
    expect(hyperparametersOf(state.carried)).toEqual({ learningRate: 1 / 5 });
    const rest = await collect(resume$(run, state, { services }));
    expect(losses(rest)).toEqual(losses(whole).slice(4));
  });

  it("gives a run that is stopped the state that it would have gone on with", async () => {
    const stop$ = new Subject<void>();
    const run = pipe(base, withCallback(stopWhen(stop$)), withCallback(dividing(3)));
    const events = await collect(
      train$(run, { services }).pipe(
        tap((event) => event._tag === "StepCompleted" && event.step === 3 && stop$.next()),
      ),
    );
    const { state } = lastOf(events, "Stopped");
    expect(state.step).toBe(3);
    expect(hyperparametersOf(state.carried)).toEqual({ learningRate: 1 / 4 });
  });

  it("refuses an optimizer without the hyper-parameter, before the first step", async () => {
    for (const [optimizer, actual] of [
      [sgd({ learningRate: 0.1 }), "an optimizer with none"],
      [
        injectHyperparameters({ rate: 1 }, (h) => sgd({ learningRate: () => h.rate })),
        "an optimizer with rate",
      ],
    ] as const) {
      const seen: TrainEvent[] = [];
      const run = pipe(base, withOptimizer(optimizer), withCallback(dividing()));
      const refused = train$(run, { services }).pipe(tap((event) => seen.push(event)));
      await expect(collect(refused)).rejects.toMatchObject({
        _tag: "InvalidArgument",
        argument: "learningRate",
        actual,
      });
      expect(seen).toEqual([]);
    }
  });

  it("refuses a value that is not finite, and events that the run has left behind", async () => {
    const wild = tuned<number, unknown>({
      name: "wild",
      init: 0.5,
      is: (memory): memory is number => typeof memory === "number",
      step: (n, event) => (event._tag === "EpochCompleted" ? Number.NaN : n),
      values: (learningRate) => ({ learningRate }),
    });
    const nan = train$(pipe(base, withCallback(wild)), { services });
    await expect(collect(nan)).rejects.toMatchObject({ _tag: "InvalidArgument" });
    const behind = pipe(
      base,
      withEpochs(200),
      withCallback<unknown>(delay(1)),
      withCallback(dividing()),
    );
    await expect(collect(train$(behind, { services }))).rejects.toMatchObject({
      _tag: "InvalidArgument",
      argument: "setHyperparameters",
    });
    // A run elsewhere cannot be changed.
    const elsewhere = from([
      {
        ...started,
        state: { ...started.state, carried: { hyperparameters: { learningRate: scalar(1) } } },
      },
    ] as readonly TrainEvent[]).pipe(dividing() as never);
    await expect(collect(elsewhere)).rejects.toMatchObject({ argument: "the run" });
  });
});

/** The rates that follow the losses of epochs. */
const ratesAfter = async (values: readonly number[], rate: number, options: RateOnPlateau) => {
  const carried = { hyperparameters: { learningRate: scalar(rate, "f64") } };
  const set: number[] = [];
  const setHyperparameters = ({ learningRate = Number.NaN }: HyperparametersIn) =>
    void set.push(learningRate);
  const events = [
    { ...started, setHyperparameters },
    ...values.map((loss, i) => epoch(i + 1, loss)),
    completed(values.length),
  ].map((event) => ({ ...event, state: { ...event.state, carried } }));
  const run$ = from(events as readonly TrainEvent[]).pipe(concatMap((event) => only(event)));
  await collect(run$.pipe(reduceRateOnPlateau<unknown>(options) as never));
  return set;
};

describe("reduceRateOnPlateau", () => {
  it("does what its diagram says", async () => {
    const diagram = diagramOf("reduceRateOnPlateau", "tuning/reduceRateOnPlateau");
    const digits = (line = "") => Array.from(line.matchAll(/\d/g), ([digit]) => Number(digit));
    const options = { monitor: "train.loss", patience: 1, factor: 0.5 } as const;
    const after = await ratesAfter(digits(diagram.run), 0.8, options);
    const rates = [0.8, ...after.slice(0, -1)];
    expect(rates.map((rate) => Math.round(10 * rate))).toEqual(digits(diagram.rates));
  });

  // Made by PyTorch 1.13: `ReduceLROnPlateau(SGD([p], lr=0.8), …)`, and `step(v)` for each value.
  const values = [
    ...[5, 4, Number.NaN, 3.9998, 3.9, 4, 4, 4, 4, 4, 4, 5, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3],
  ];
  it.each<readonly [RateOnPlateau, readonly number[]]>([
    [
      { factor: 0.5, patience: 1, cooldown: 2, minRate: 0.06 },
      [
        ...[0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1],
        ...Array(8).fill(0.06),
      ],
    ],
    [
      { mode: "max", factor: 0.5, patience: 2, threshold: 0.1 },
      [
        ...[0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05],
        ...[0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125, 0.00625, 0.00625],
      ],
    ],
  ])("follows PyTorch with %j", async (options, rates) => {
    expect(await ratesAfter(values, 0.8, { monitor: "train.loss", ...options })).toEqual(rates);
  });

  it("runs, resumes, and lowers the rate of a real run", async () => {
    const lowering = withCallback(
      reduceRateOnPlateau<unknown>({
        monitor: "train.loss",
        factor: 0.5,
        patience: 0,
        threshold: 0.99,
      }),
    );
    const run = pipe(base, lowering);
    const events = await collect(train$(run, { services }));
    expect(ratesOf(events).filter((_, i) => i % 4 === 0)).toEqual([0.5, 0.5, 0.25]);
    const first = events.find((event) => event._tag === "EpochCompleted");
    if (first?._tag !== "EpochCompleted") throw new Error("no epoch");
    expect(losses(await collect(resume$(run, first.state, { services })))).toEqual(
      losses(events).slice(4),
    );
  });

  it.each([{ factor: 1 }, { patience: -1 }, { threshold: 2 }, { cooldown: 0.5 }, { minRate: -1 }])(
    "refuses %j",
    (options) =>
      expect(() => reduceRateOnPlateau(options)).toThrow(
        expect.objectContaining({ _tag: "InvalidArgument" }),
      ),
  );
});
