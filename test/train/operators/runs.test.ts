import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { filter, map, type Observable, VirtualTimeScheduler } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  Backend,
  dataset,
  dense,
  MemoryLimit,
  objective,
  pipeline,
  ReverseMode,
  sgd,
  type TrainEvent,
  tensor,
  train$,
  withCallback,
  withData,
  withEpochs,
  withOptimizer,
  zeros,
} from "../../../src/index.ts";
import { add, div, mul, sum } from "../../../src/ir/index.ts";
import { injectHyperparameters, recorded } from "../../../src/optim/index.ts";
import {
  batchSizes$,
  dryRun,
  explainNonFinite,
  layerFigures,
  learningRateRange$,
  overfitOneBatch,
  statesEvery,
  trainRecovering$,
  tuned,
} from "../../../src/train/index.ts";
import { standing } from "../../backend/standing.ts";
import { backends } from "../examples.ts";
import { diagramOf, marbleOf } from "./marbles.ts";

const services = backends.wasm;
const trainFolder = new URL("../../../src/train/", import.meta.url);

const rows = (losses: readonly number[]) =>
  Effect.succeed({
    train: dataset({
      inverse: tensor(losses.map((loss) => 1 / loss)),
      x: zeros([losses.length, 1]),
    }),
  });

/** A run with an example a step, which has these losses whatever the params are. */
const losing = (...losses: readonly number[]) =>
  pipeline(
    "losing",
    rows(losses),
    objective({
      models: { net: dense(1, 1) },
      loss: ({ net }, { inverse, x }) => add(div(1, inverse), mul(0, sum(net(x)))),
      optimizer: sgd({ learningRate: 0.1 }),
    }),
    { batchSize: 1, shuffle: false },
  );

const isEpoch = (event: TrainEvent) => event._tag === "EpochCompleted";

const marblesOf = map((event: TrainEvent) =>
  isEpoch(event) ? String("epoch" in event && event.epoch) : marbleOf(event),
);

/** What a run in virtual time says, one marble after the other. */
const said = <A>(
  made: (scheduler: VirtualTimeScheduler) => Observable<A>,
  say: (a: A) => string,
) => {
  const scheduler = new VirtualTimeScheduler();
  let text = "";
  made(scheduler).subscribe({
    next: (value) => {
      text += say(value);
    },
    error: () => {
      text += "#";
    },
    complete: () => {
      text += "|";
    },
  });
  scheduler.flush();
  return text;
};

/** The marbles of the events that diagrams show. */
const saidBy = (made: (scheduler: VirtualTimeScheduler) => Observable<TrainEvent>) =>
  said(
    (scheduler) =>
      made(scheduler).pipe(
        filter(({ _tag }) => _tag !== "EpochStarted"),
        marblesOf,
      ),
    String,
  );

/** The marbles of a line of a diagram. */
const drawnIn = (line: string | undefined): string => (line ?? "no line").replaceAll(/[-()]/g, "");

/** The exports of these rooms that are no operators on streams of events, and make none. */
const plain: readonly string[] = [
  "locateNonFinite",
  "steepestRate",
  "monitored",
  "textSampler",
  "profile",
];

it("every operator that is exported has a diagram", () => {
  const source = (file: string) => readFileSync(new URL(file, trainFolder), "utf8");
  const exported = source("index.ts").matchAll(
    /export \{([^}]*)\} from "\.\/((?:operators|diagnose)\/[\w/]+)\.ts"/g,
  );
  const lacking = Array.from(exported).flatMap(([, names = "", file = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !name.startsWith("type "))
      .filter((name) => !plain.includes(name))
      .filter((name) => Object.keys(diagramOf(name, `../${file}`)).length < 2),
  );
  expect(lacking).toEqual([]);
});

describe("the diagrams of docstrings, of whole runs", () => {
  const two = pipe(losing(3, 2), withEpochs(2));
  const running = (scheduler: VirtualTimeScheduler) => train$(two, { services, scheduler });

  it("dryRun", () => {
    const diagram = diagramOf("dryRun", "../diagnose/oneBatch");
    expect(saidBy(running)).toBe(drawnIn(diagram.run));
    const dry = saidBy((scheduler) => train$(dryRun(two), { services, scheduler }));
    expect(dry).toBe(drawnIn(diagram.events));
  });

  it("overfitOneBatch", () => {
    const diagram = diagramOf("overfitOneBatch", "../diagnose/oneBatch");
    expect(saidBy(running)).toBe(drawnIn(diagram.run));
    const once = saidBy((scheduler) => train$(overfitOneBatch(3)(two), { services, scheduler }));
    expect(once).toBe(drawnIn(diagram.events));
  });

  it("learningRateRange$", () => {
    const diagram = diagramOf("learningRateRange$", "../diagnose/rates");
    const losses = Array.from(drawnIn(diagram.run)).filter((marble) => /\d/.test(marble));
    const of = losing(...losses.map(Number));
    const steps = losses.length;
    const rates = said(
      (scheduler) => learningRateRange$(of, { services, scheduler, steps }),
      ({ loss }) => String(Math.round(loss)),
    );
    expect(rates).toBe(drawnIn(diagram.events));
  });

  it("tuned", () => {
    const diagram = diagramOf("tuned", "tuning/tuned");
    expect(saidBy(running)).toBe(drawnIn(diagram.run));
    const adding = tuned<number, unknown>({
      name: "adding",
      init: 1,
      is: (memory): memory is number => typeof memory === "number",
      step: (n, event) => (event._tag === "EpochCompleted" ? n + 1 : n),
      values: (learningRate) => ({ learningRate }),
    });
    const optimizer = injectHyperparameters({ learningRate: 1 }, (h) =>
      sgd({ learningRate: () => h.learningRate }),
    );
    const of = pipe(two, withOptimizer(optimizer), withCallback(adding));
    const rates = said(
      (scheduler) =>
        train$(of, { services, scheduler }).pipe(filter((event) => event._tag === "StepCompleted")),
      ({ learningRate }) => String(learningRate),
    );
    expect(rates).toBe(drawnIn(diagram.rates));
  });

  it("batchSizes$", () => {
    const diagram = diagramOf("batchSizes$", "../diagnose/batchSizes");
    const sizes = Array.from(drawnIn(diagram.sizes).replace("|", ""), Number);
    // A backend with no room for more than two rows.
    const small = Layer.succeed(Backend, {
      ...standing,
      compile: (program, options) =>
        program.inputs.some(({ shape }) => (shape[0] ?? 0) > 2)
          ? Effect.fail(new MemoryLimit({ of: "program", needed: 4, limit: 2, largest: [] }))
          : standing.compile(program, options),
    });
    const own = Layer.merge(small, ReverseMode.layerTape);
    const of = losing(1, 2, 3, 4, 5, 6, 7, 8);
    const speeds = said(
      (scheduler) => batchSizes$(of, { services: own, scheduler, sizes, steps: 1 }),
      ({ batchSize, examplesPerSecond }) =>
        examplesPerSecond === undefined ? "x" : `${batchSize}`,
    );
    expect(speeds).toBe(drawnIn(diagram.events));
  });

  it("trainRecovering$", () => {
    const diagram = diagramOf("trainRecovering$", "../diagnose/recovering");
    const failing = losing(3, 2, Number.POSITIVE_INFINITY, 1);
    expect(saidBy((scheduler) => train$(failing, { services, scheduler }))).toBe(
      drawnIn(diagram.run),
    );
    const skipping = saidBy((scheduler) =>
      trainRecovering$(failing, { recovery: "skip", services, scheduler }),
    );
    expect(skipping).toBe(drawnIn(diagram.skip));
    const returning = saidBy((scheduler) =>
      trainRecovering$(failing, { recovery: withData(rows([3, 2, 1, 1])), services, scheduler }),
    );
    expect(returning).toBe(drawnIn(diagram.return));
    // And what stops is explained in virtual time, too.
    const explained = saidBy((scheduler) =>
      train$(failing, { services, scheduler }).pipe(explainNonFinite(failing, { services })),
    );
    expect(explained).toBe(drawnIn(diagram.run));
  });

  it("layerFigures", () => {
    const diagram = diagramOf("layerFigures", "../observe/figures");
    const events = (scheduler: VirtualTimeScheduler) =>
      train$(pipe(two, withOptimizer(recorded(sgd({ learningRate: 0.1 })))), {
        services,
        scheduler,
      }).pipe(statesEvery({ steps: 1 }));
    expect(saidBy(events)).toBe(drawnIn(diagram.run));
    const figures = said(
      (scheduler) =>
        events(scheduler).pipe(
          filter((event) => "state" in event),
          map(({ state }) => layerFigures(state)),
        ),
      (figures) => {
        const all = [figures.params, figures.gradients, figures.updates];
        const complete = (some: (typeof all)[number]) =>
          some.map(({ path }) => path).join() === "net.bias,net.weight" &&
          some.every(({ norm, counts }) => norm >= 0 && counts.length === 30);
        return all.every(complete) ? "f" : "?";
      },
    );
    expect(figures).toBe(drawnIn(diagram.events));
  });
});
