import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { map, NEVER, Observable, shareReplay } from "rxjs";
import { afterAll, describe, expect, test } from "vitest";
import { checkAsync } from "../../laws/law.ts";
import {
  type OperatorSubject,
  operatorColdness,
  operatorResumption,
  operatorTeardown,
} from "../../laws/training/operators.ts";
import { mustHoldInTime } from "../../laws/vitest.ts";
import {
  dataset,
  dense,
  earlyStopping,
  meanSquaredError,
  pipeline,
  printProgress,
  sampleEvery,
  saveCheckpoints,
  sgd,
  supervised,
  tensor,
} from "../../src/index.ts";
import { awaiting, conflating, statesEvery, stopAfter, stopWhen } from "../../src/train/index.ts";
import type * as awaits from "../../src/train/operators/awaiting.ts";
import type * as conflates from "../../src/train/operators/conflating.ts";
import type * as stopping from "../../src/train/operators/earlyStopping.ts";
import type * as progress from "../../src/train/operators/printProgress.ts";
import type * as samples from "../../src/train/operators/sampleEvery.ts";
import type * as checkpoints from "../../src/train/operators/saveCheckpoints.ts";
import type * as states from "../../src/train/operators/statesEvery.ts";
import type * as limits from "../../src/train/operators/stopAfter.ts";
import type * as stops from "../../src/train/operators/stopWhen.ts";
import type { TrainState } from "../../src/train/state/state.ts";

type Operator = OperatorSubject["operator"];
type Modules = typeof awaits &
  typeof conflates &
  typeof stopping &
  typeof samples &
  typeof progress &
  typeof checkpoints &
  typeof states &
  typeof limits &
  typeof stops;

/** Exports of these modules that are not operators. */
type NoOperator = "stoppingEarly" | "progressLine" | "progressBar";

const folder = mkdtempSync(join(tmpdir(), "fluxion-operators-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const of = pipeline(
  "law",
  Effect.succeed({ train: dataset({ x: tensor([[0]]), y: tensor([[0]]) }) }),
  supervised({
    input: "x",
    target: "y",
    model: dense(1, 1),
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0 }),
  }),
);

/** Every operator, in several settings. A missing one does not compile. */
const operators: { readonly [Name in Exclude<keyof Modules, NoOperator>]: readonly Operator[] } = {
  earlyStopping: [
    earlyStopping(),
    earlyStopping({ monitor: "train.rmse", patience: 2 }),
    earlyStopping({ monitor: "train.accuracy", patience: 3, restoreBest: false }),
    earlyStopping({ monitor: "validation.rmse", patience: 1, minDelta: 0.3, mode: "max" }),
    (events$) =>
      events$.pipe(
        earlyStopping({ monitor: "train.loss", patience: 2 }),
        earlyStopping({ monitor: "train.accuracy", patience: 3 }),
      ),
  ],
  sampleEvery: [
    sampleEvery(
      Effect.succeed((state: TrainState) => Effect.succeed(`epoch ${state.epoch}`)),
      { every: 2 },
    ),
  ],
  printProgress: [printProgress({ stream: { write: () => true, isTTY: true }, every: 0 })],
  awaiting: [awaiting(() => [1, 2]), awaiting(() => Promise.resolve())],
  conflating: [conflating(() => [1, 2])],
  statesEvery: [statesEvery({ steps: 3, seconds: 60 })],
  stopAfter: [
    stopAfter({ steps: 3, seconds: 60 }),
    stopAfter({ steps: 3 }),
    stopAfter({ steps: 4 }),
  ],
  stopWhen: [
    (events$) => events$.pipe(earlyStopping({ monitor: "train.loss" }), stopWhen(NEVER)),
    stopWhen(NEVER),
    stopWhen(new AbortController().signal),
  ],
  // This law makes up the trees of the states, so it cannot save them.
  saveCheckpoints: [saveCheckpoints(of, { path: join(folder, "last.json"), every: 2 }) as Operator],
};

describe("operators", () => {
  const subjects = Object.entries(operators).flatMap(([name, all]) =>
    all.map((operator, i) => ({ name: `${name}, setting ${i + 1}`, operator })),
  );
  test.each(subjects)("$name", async (subject) => {
    await mustHoldInTime(operatorResumption, subject, { runs: 60 });
    await mustHoldInTime(operatorColdness, subject, { runs: 20 });
    await mustHoldInTime(operatorTeardown, subject, { runs: 40 });
  });
});

describe("planted mistakes are caught", () => {
  const breaks = async (operator: Operator, law = operatorResumption): Promise<string> => {
    const subject = { name: "planted", operator };
    const verdict = await checkAsync(law, subject, { runs: 100 });
    return isLeft(verdict) ? verdict.left.reason : "";
  };

  test("an operator that forgets its memory when a run is resumed", async () => {
    const forgetting: Operator = map((event) =>
      event._tag === "Started" ? { ...event, state: { ...event.state, memory: {} } } : event,
    );
    const forgetful: Operator = (events$) =>
      events$.pipe(forgetting, earlyStopping({ monitor: "train.loss", patience: 2 }));
    expect(await breaks(forgetful)).toMatch(/event \d+ is|events, not/);
  });

  test("an operator that keeps its memory in a closure", async () => {
    const numbered: Operator = (events$) =>
      events$.pipe(
        map((event, i) =>
          event._tag === "EpochCompleted" ? { ...event, milliseconds: i } : event,
        ),
      );
    expect(await breaks(numbered)).toMatch(/event \d+ is/);
  });

  test("an operator whose subscribers share one run, or that starts a run by itself", async () => {
    const shared: Operator = (events$) => events$.pipe(shareReplay());
    expect(await breaks(shared, operatorColdness)).toMatch(/start 1 runs/);
    const eager: Operator = (events$) => {
      events$.subscribe();
      return events$;
    };
    expect(await breaks(eager, operatorColdness)).toMatch(/before anybody subscribes/);
  });

  test("an operator that does not leave the run", async () => {
    const clinging: Operator = (events$) =>
      new Observable((subscriber) => {
        events$.subscribe(subscriber.next.bind(subscriber)).add(() => subscriber.complete());
      });
    expect(await breaks(clinging, operatorTeardown)).toMatch(/the run goes on/);
  });
});
