import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { map } from "rxjs";
import { describe, expect, test } from "vitest";
import { check, checkAsync, type Law } from "../../laws/law.ts";
import {
  knownScore,
  type MetricSubject,
  metricClaims,
  metricDirection,
  metricHonesty,
  metricLaws,
  metricRange,
  metricSubject,
  shareClaims,
} from "../../laws/networks/metrics.ts";
import {
  pairMetricLaws,
  pairMetricRange,
  pairMetricSubject,
} from "../../laws/networks/pairMetrics.ts";
import { optionLaws } from "../../laws/options.ts";
import { pairMetricCases } from "../../laws/registry/known/pairs.ts";
import { knownScoreCases } from "../../laws/registry/known/scores.ts";
import { metricCases } from "../../laws/registry/networks/metrics.ts";
import { defaultCases } from "../../laws/registry/options/optimizerDefaults.ts";
import { optimizerOptions } from "../../laws/registry/options/optimizers.ts";
import { optimizerCases, ratedCases } from "../../laws/registry/training/optimizers.ts";
import { anySchedule, scheduleCases } from "../../laws/registry/training/schedules.ts";
import {
  type Chain,
  documentedDefaults,
  keepsTypes,
  type OptimizerSubject,
  optimizerAssociativity,
  optimizerIdentity,
  optimizerLaws,
  restingPoint,
} from "../../laws/training/optimizers.ts";
import { ratesAreUsed, scheduleMeaning } from "../../laws/training/rates.ts";
import {
  interruption,
  reproduction,
  resumption,
  type Trainer,
  trainerOf,
} from "../../laws/training/training.ts";
import { holds, mustHoldInTime } from "../../laws/vitest.ts";
import { ReverseMode } from "../../src/autodiff/index.ts";
import { Backend as Service } from "../../src/backend/backend.ts";
import { Backend } from "../../src/backend/index.ts";
import { backendOf } from "../../src/backend/wasm/index.ts";
import {
  accuracy as accuracyOf,
  adam,
  chain,
  cosineDecay,
  dataset,
  dense,
  dropout,
  type Expr,
  meanSquaredError,
  pipeline,
  relu,
  scalar,
  sequential,
  sgd,
  supervised,
  tensor,
  withBatchSize,
  withCallback,
  withOptimizer,
} from "../../src/index.ts";
import {
  add,
  argmax,
  cast,
  constant,
  eq,
  expandDims,
  gt,
  mul,
  sum,
  takeAlongAxis,
} from "../../src/ir/index.ts";
import { type Exprs, mapExprs } from "../../src/ir/trees.ts";
import { type Ratio, rouge } from "../../src/nn/metrics/index.ts";
import {
  type GradientTransformation,
  injectHyperparameters,
  type LearningRate,
  setHyperparameters,
  type UpdateResult,
} from "../../src/optim/index.ts";
import { tuned } from "../../src/train/index.ts";
import { device } from "../backend/late.ts";

describe("optimizers", () => {
  holds(optimizerLaws, optimizerCases);
  holds([documentedDefaults], defaultCases);
  holds(optionLaws, optimizerOptions, { runs: 60 });
});

describe("learning rates", () => {
  holds([scheduleMeaning], scheduleCases, { runs: 60 });
  holds([ratesAreUsed(anySchedule)], ratedCases, { runs: 12 });
});

describe("metrics", () => {
  holds(metricLaws, metricCases);
  holds(metricClaims, metricCases, { runs: 60 });
  holds([knownScore], knownScoreCases, { runs: 1 });
  holds(pairMetricLaws, pairMetricCases);
});

const breaks = <S extends { readonly name: string }>(law: Law<S>, subject: S): string => {
  const verdict = check(law, subject);
  return isLeft(verdict) ? verdict.left.reason : "";
};

describe("planted mistakes are caught", () => {
  test("an overlap of texts that counts a word as often as it is said", () => {
    const careless = pairMetricSubject<readonly string[], readonly string[], Ratio>(
      {
        ...rouge(),
        of: (said, meant) => ({
          total:
            (2 * said.filter((word) => meant.includes(word)).length) / (said.length + meant.length),
          count: 1,
        }),
      },
      {
        pairs: fc.tuple(fc.array(fc.constantFrom("a", "b")), fc.array(fc.constantFrom("a", "b"))),
        range: [0, 1],
        perfect: (reference) => reference,
        known: [],
      },
    );
    expect(breaks(pairMetricRange, careless)).toMatch(/^the value is 1/);
  });

  const momentum: OptimizerSubject = {
    name: "sgd with momentum",
    optimizer: sgd({ learningRate: 0.5, momentum: 0.5 }),
  };

  test("a chain that loses the state of its second part", () => {
    const careless: Chain = (f, g) => {
      const right = chain(f, g);
      const update: typeof right.update = (gradients, state, params) => ({
        ...right.update(gradients, state, params),
        state,
      });
      return { ...right, update };
    };
    expect(breaks(optimizerIdentity(careless), momentum)).toContain("chain(t, id), update");
  });

  test("a chain in reverse order", () => {
    const scaled = optimizerCases.find((c) => c.name === "adam") as OptimizerSubject;
    const backwards: Chain = (f, g) => (f.name.includes("clip") ? chain(g, f) : chain(f, g));
    expect(breaks(optimizerAssociativity(backwards), scaled)).toContain("right");
  });

  test("an optimizer that drifts", () => {
    const decayed = optimizerCases.find((c) => c.decays) as OptimizerSubject;
    expect(breaks(restingPoint, { ...decayed, decays: false })).toContain("update");
  });

  test("updates or a state of another type than before, and a step that does not compile", () => {
    const { optimizer } = momentum;
    const changed = (change: (made: UpdateResult<Exprs>) => Partial<UpdateResult<Exprs>>) => {
      const update: typeof optimizer.update = (gradients, state, params) => {
        const made = optimizer.update(gradients, state, params);
        return { ...made, ...change(made) };
      };
      return breaks(keepsTypes, { name: "changed", optimizer: { ...optimizer, update } });
    };
    const wider = (tree: Exprs) => mapExprs((x) => cast(x, "f64"), tree);
    expect(changed(() => ({}))).toBe("");
    expect(changed(({ updates }) => ({ updates: wider(updates) }))).toContain("f64[2], not f32[2]");
    expect(changed(({ state }) => ({ state: wider(state) }))).toContain("f64[2], not f32[2]");
    const half = constant(scalar(0.5, "f64"));
    expect(
      changed(({ updates }) => ({ updates: mapExprs((x) => mul(x, half), updates) })),
    ).toContain("DtypeMismatch");
  });

  test("a schedule that climbs again after its end", () => {
    const climbing = {
      name: "climbing",
      members: fc.constant({
        schedule: cosineDecay(1, 10),
        meaning: (t: number) => (1 + Math.cos((Math.PI * Math.min(t, 10)) / 10)) / 2,
        end: 10,
      }),
    };
    expect(breaks(scheduleMeaning, climbing)).toMatch(/rate of step \d+ is/);
  });

  test("an optimizer that reports or uses the rate of the next step", () => {
    const late = (schedule: LearningRate): LearningRate =>
      typeof schedule === "number" ? schedule : (t) => schedule(add(t, 1) as Expr);
    const honest = (learningRate: LearningRate) => sgd({ learningRate, momentum: 0.5 });
    const reporting = (rate: LearningRate) => ({
      ...honest(rate),
      learningRate: honest(late(rate)).learningRate as NonNullable<
        GradientTransformation["learningRate"]
      >,
    });
    const taking = (rate: LearningRate) => ({
      ...reporting(rate),
      ...{ update: honest(late(rate)).update },
    });
    const law = ratesAreUsed(anySchedule);
    expect(breaks(law, { name: "reporting", optimizer: reporting })).toContain("is reported");
    expect(breaks(law, { name: "taking", optimizer: taking })).not.toBe("");
  });

  test("a default that differs from its documentation", () => {
    for (const other of [{ epsilon: 1e-7 }, { beta1: 0.8 }, { beta2: 0.99 }, { weightDecay: 1e-3 }])
      expect(
        breaks(documentedDefaults, {
          name: "adam",
          without: adam({ learningRate: 0.5, ...other }),
          documented: adam({ learningRate: 0.5 }),
        }),
      ).toContain("update");
  });

  test("a metric that averages averages", () => {
    const [accuracy] = metricCases.filter((m) => m.name === "accuracy") as [MetricSubject];
    const careless: MetricSubject = {
      ...accuracy,
      empty: { mean: 0 },
      summarize: (batch) => ({ mean: accuracy.value(accuracy.summarize(batch)) }),
      concat: (a, b) => ({ mean: ((a.mean as number) + (b.mean as number)) / 2 }),
      value: ({ mean }) => mean as number,
    };
    for (const law of metricLaws) expect(breaks(law, careless)).not.toBe("");
  });

  test("a metric with the wrong direction, and metrics that trust NaN outputs", () => {
    const turned = metricSubject(
      "the wrong way",
      { ...accuracyOf, better: "lower" },
      shareClaims(3),
    );
    expect(breaks(metricDirection, turned)).toContain("lower is better");
    const trusting = (holds: (outputs: Expr, targets: Expr) => Expr) =>
      metricSubject(
        "trusting",
        {
          ...accuracyOf,
          fromBatch: ({ outputs, targets }) => ({
            total: sum(cast(holds(outputs, targets), "i32")) as Expr,
            count: constant(tensor(2, "i32")),
          }),
        },
        shareClaims(3),
      );
    // Counts the outputs that are not greater: NaN never is.
    const top = trusting((x, y) => {
      const own = takeAlongAxis(x, expandDims(y, 1), -1);
      return eq(sum(cast(gt(x, own) as Expr, "i32"), -1), 0) as Expr;
    });
    expect(breaks(metricHonesty, top)).toContain("of NaN it is");
    expect(breaks(metricRange, top)).toContain("the value is");
    const first = trusting((x, y) => eq(argmax(x, -1), y) as Expr);
    expect(breaks(metricHonesty, first)).not.toBe("");
  });
});

const rows = Array.from({ length: 10 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const examples = dataset({
  x: tensor(rows),
  y: tensor(rows.map(([a = 0, b = 0]) => [a * b])),
});

/** A run with everything that could break resumption: shuffling, dropout, momentum, a smaller last batch. */
const small = pipe(
  pipeline(
    "small",
    Effect.succeed({ train: examples }),
    supervised({
      input: "x",
      target: "y",
      model: sequential(dense(2, 4), relu, dropout(0.25), dense(4, 1)),
      loss: meanSquaredError,
      optimizer: adam({ learningRate: 0.01 }),
    }),
  ),
  withBatchSize(4),
);

/** A backend on a number of threads, which share every kernel that can be cut. */
const onThreads = (threads: number) =>
  Layer.merge(
    Layer.succeed(Service, backendOf({ threads }, { shareFrom: 0 })),
    ReverseMode.layerTape,
  );

/** A device that answers after its steps were submitted. */
const late = (ahead: number) => Layer.merge(device({ ahead }).layer, ReverseMode.layerTape);

const backends = {
  reference: Layer.merge(Backend.layerReference, ReverseMode.layerTape),
  wasm: undefined,
  "wasm, 1 thread": onThreads(1),
  "wasm, 2 threads": onThreads(2),
  "wasm, 4 threads": onThreads(4),
  "a device 1 step ahead": late(1),
  "a device 3 steps ahead": late(3),
  "a device 8 steps ahead": late(8),
};

describe.each(Object.keys(backends) as readonly (keyof typeof backends)[])(
  "training on %s",
  (name) => {
    const trainer = trainerOf(small, backends[name]);

    test.each([resumption, interruption, reproduction])("$name", async (law) => {
      await mustHoldInTime(law, { ...trainer, name: `training on ${name}` }, { runs: 4 });
    });
  },
);

/** Hyper-parameters that follow from the losses of all steps until then. */
const following = (every?: number) =>
  tuned<number, unknown>({
    name: "following",
    init: 0,
    is: (memory): memory is number => typeof memory === "number",
    step: (sum, event) => (event._tag === "StepCompleted" ? sum + event.loss : sum),
    values: (sum) => ({ learningRate: 0.1 / (1 + sum), momentum: 0.5 / (1 + sum) }),
    ...(every !== undefined && { every }),
  });
const following$ = (every?: number) =>
  pipe(
    small,
    withOptimizer(
      injectHyperparameters({ learningRate: 0.1, momentum: 0.5 }, ({ learningRate, momentum }) =>
        sgd({ learningRate: () => learningRate, momentum }),
      ),
    ),
    withCallback(following(every)),
  );

describe.each([
  ["at the end of epochs", undefined],
  ["every 2 steps", 2],
  ["every 3 steps", 3],
] as const)("training with hyper-parameters that change %s", (_, every) => {
  test.each(["wasm", "reference", "a device 3 steps ahead"] as const)("on %s", async (name) => {
    const subject = { ...trainerOf(following$(every), backends[name]), name };
    for (const law of [resumption, interruption, reproduction])
      await mustHoldInTime(law, subject, { runs: 4 });
  });
});

describe("planted mistakes in training are caught", () => {
  const trainer = trainerOf(small);

  test("hyper-parameters that change and are not saved, or whose fold forgets", async () => {
    const original = { learningRate: 0.1, momentum: 0.5 };
    const unsaved = pipe(
      following$(2),
      withCallback<unknown>(
        map((event) =>
          "state" in event && event._tag !== "Started"
            ? {
                ...event,
                state: {
                  ...event.state,
                  carried: setHyperparameters(event.state.carried, original),
                },
              }
            : event,
        ),
      ),
    );
    const forgetful = pipe(
      following$(2),
      withCallback<unknown>(
        map((event) =>
          "state" in event ? { ...event, state: { ...event.state, memory: {} } } : event,
        ),
      ),
    );
    for (const mistaken of [unsaved, forgetful]) {
      const verdict = await checkAsync(resumption, trainerOf(mistaken), { runs: 10 });
      expect(isLeft(verdict) && verdict.left.reason).toMatch(/loss of step|an epoch scores/);
    }
  });

  test("a resumption that resets the optimizer", async () => {
    const forgetful: Trainer = {
      ...trainer,
      resume: async (epochs, seed, from) => {
        const { state } = await trainer.train(1, seed);
        return trainer.resume(epochs, seed, {
          ...from,
          carried: {
            ...(from.carried as object),
            optimizerState: (state.carried as { readonly optimizerState: unknown }).optimizerState,
          },
        });
      },
    };
    const verdict = await checkAsync(resumption, forgetful, { runs: 10 });
    expect(isLeft(verdict) && verdict.left.reason).toMatch(/loss of step|optimizerState/);
  });

  test("a state of the wrong step, and one that forgets its epoch", async () => {
    const early: Trainer = {
      ...trainer,
      until: async (epochs, seed, step) => {
        const part = await trainer.until(epochs, seed, Math.max(0, step - 1));
        return { ...part, state: { ...part.state, step } };
      },
    };
    const forgetful: Trainer = {
      ...trainer,
      resume: (epochs, seed, from) => trainer.resume(epochs, seed, { ...from, memory: {} }),
    };
    const reasons = [early, forgetful].map(async (mistaken) => {
      const verdict = await checkAsync(interruption, mistaken, { runs: 10 });
      return isLeft(verdict) ? verdict.left.reason : "";
    });
    expect(await reasons[0]).toMatch(/steps, not|loss of step/);
    expect(await reasons[1]).toMatch(/an epoch scores/);
  });

  test("a run with a different seed each time", async () => {
    let calls = 0;
    const restless: Trainer = {
      ...trainer,
      train: (epochs, seed) => trainer.train(epochs, seed + calls++),
    };
    const verdict = await checkAsync(reproduction, restless, { runs: 2 });
    expect(isLeft(verdict) && verdict.left.reason).toMatch(/loss of step/);
  });
});
