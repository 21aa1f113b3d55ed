import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom } from "rxjs";
import { afterAll, describe, expect, test } from "vitest";
import { type AsyncLaw, checkAsync } from "../../laws/law.ts";
import {
  branching,
  parting,
  rewinding,
  type Traveler,
  travelerOf,
  type Verifier,
  verification,
} from "../../laws/training/travel.ts";
import { mustHoldInTime } from "../../laws/vitest.ts";
import {
  earlyStopping,
  loadCheckpoint,
  saveCheckpoint,
  sgd,
  withBatchSize,
  withCallback,
  withData,
  withEpochs,
  withLearningRate,
  withOptimizer,
  withSeed,
} from "../../src/index.ts";
import { injectHyperparameters } from "../../src/optim/index.ts";
import { fromTypedArray } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { checkpointsIn, trainIn$, tuned, verify } from "../../src/train/index.ts";
import { map } from "../../src/tree.ts";
import { backends, points, small } from "../train/examples.ts";

const services = backends.wasm;

/** Dropout, Adam, and up to eighteen steps. */
const plain = pipe(small, withData(Effect.succeed({ train: points(12) })), withBatchSize(5));

const momentous = (learningRate: number) =>
  injectHyperparameters({ momentum: 0.5 }, ({ momentum }) => sgd({ learningRate, momentum }));

/** With operators that remember, and hyper-parameters that change. */
const remembering = pipe(
  plain,
  withOptimizer(momentous(0.1)),
  withCallback(
    tuned<number, unknown>({
      name: "following",
      init: 0,
      is: (memory): memory is number => typeof memory === "number",
      step: (sum, event) => (event._tag === "StepCompleted" ? sum + event.loss : sum),
      values: (sum) => ({ momentum: 0.9 / (1 + sum) }),
      every: 2,
    }),
  ),
  withCallback(earlyStopping({ monitor: "train.loss", patience: 9, restoreBest: false })),
);

const faster: Traveler["change"] = withLearningRate(0.5);
const fasterToo: Traveler["change"] = withOptimizer(momentous(0.5));
const traveler = travelerOf(plain, faster, services);

describe.each([
  traveler,
  { ...travelerOf(remembering, fasterToo, services), name: "that remembers" },
])("going back in a run: $name", (subject) => {
  test.each([
    ["rewinding", rewinding, 3],
    ["branching", branching, 6],
    ["parting", parting, 12],
  ] as const)("%s", async (_, law, runs) => {
    await mustHoldInTime(law, subject, { runs });
  });
});

const root = mkdtempSync(join(tmpdir(), "fluxion-travel-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

type Verified = typeof verify<unknown, unknown>;

const verifierBy = (judge: Verified): Verifier => ({
  name: "a run in a folder",
  verified: async ({ seed, epochs }, tamper) => {
    const folder = join(root, String(folders++));
    const of = pipe(plain, withSeed(seed), withEpochs(epochs));
    await lastValueFrom(trainIn$(of, { folder, services }));
    const path = join(folder, "events.jsonl");
    const events = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    const steps = events.filter(({ _tag }) => _tag === "StepCompleted").length;
    const { steps: changed, number, weight } = tamper(steps);
    const field = number === "loss" ? number : "learningRate";
    const lines = events.map((event) =>
      event._tag === "StepCompleted" && changed.includes(event.step)
        ? { ...event, [field]: event[field] * (1 + 2 ** -50) }
        : event,
    );
    writeFileSync(path, lines.map((event) => `${JSON.stringify(event)}\n`).join(""));
    if (weight) {
      const [last = ""] = await Effect.runPromise(checkpointsIn(join(folder, "checkpoints")));
      const state = await Effect.runPromise(loadCheckpoint(of, last));
      // The last bit of one weight of each layer.
      const nudged = (x: Tensor) => {
        const data = Tensor.read(x).slice();
        new Uint8Array(data.buffer)[0] = (new Uint8Array(data.buffer)[0] ?? 0) ^ 1;
        return fromTypedArray(x.shape, data as Float32Array);
      };
      const params = map(nudged, state.carried.params);
      const other = { ...state, carried: { ...state.carried, params } };
      await Effect.runPromise(saveCheckpoint(of, other, last));
    }
    const verdict = await Effect.runPromise(judge(of, folder, { services }));
    rmSync(folder, { recursive: true });
    return { verdict, steps };
  },
});

test("verification", async () => {
  await mustHoldInTime(verification, verifierBy(verify), { runs: 8 });
});

describe("planted mistakes are caught", () => {
  const breaks = async <S extends { readonly name: string }>(law: AsyncLaw<S>, subject: S) => {
    const verdict = await checkAsync(law, subject, { runs: 20, shrink: false });
    return isLeft(verdict) ? verdict.left.reason : "";
  };

  test("a rewinding to the keyframe before, and one that forgets the key", async () => {
    const early: Traveler = {
      ...traveler,
      rewind: async ({ keyframes }, step) =>
        keyframes.findLast((state) => state.step <= step) ??
        traveler.rewind({ keyframes } as never, 0),
    };
    expect(await breaks(rewinding, early)).toMatch(/"step":/);
    const keyless: Traveler = {
      ...traveler,
      rewind: async (run, step) => ({
        ...(await traveler.rewind(run, step)),
        key: key(12),
      }),
    };
    expect(await breaks(rewinding, keyless)).toMatch(/key/);
  });

  test("a branch that copies, that starts a step early, and that writes into the first run", async () => {
    const copying: Traveler = {
      ...traveler,
      branch: async (...given) => {
        const made = await traveler.branch(...given);
        return { ...made, steps: made.steps.map((one) => ({ ...one })) };
      },
    };
    expect(await breaks(branching, copying)).toMatch(/is not shared/);
    const early: Traveler = {
      ...traveler,
      branch: (run, step, change) => traveler.branch(run, Math.max(0, step - 1), change),
    };
    expect(await breaks(branching, early)).toMatch(/is not shared|the steps after/);
    const writing: Traveler = {
      ...traveler,
      branch: async (run, step, change) => {
        const { key: first } = run.keyframes[0] as { readonly key: Tensor };
        const made = await traveler.branch(run, step, change);
        // A tensor cannot be written into from outside: this is what reads it.
        (Tensor.read(first) as Int32Array)[0] = -1;
        return made;
      },
    };
    expect(await breaks(branching, writing)).toMatch(/was written into/);
  });

  test("a comparison that finds the last difference, that overlooks rates, and that takes NaN for equal", async () => {
    const late: Traveler["diff"] = (a, b) => {
      const back = ({ steps, ...rest }: typeof a) => ({ ...rest, steps: steps.toReversed() });
      return traveler.diff(back(a), back(b));
    };
    expect(await breaks(parting, { ...traveler, diff: late })).toMatch(/first difference|parts at/);
    const rateless: Traveler["diff"] = (a, b) => {
      const without = ({ steps, ...rest }: typeof a) => ({
        ...rest,
        steps: steps.map((one) => ({ ...one, learningRate: 1 })),
      });
      return traveler.diff(without(a), without(b));
    };
    expect(await breaks(parting, { ...traveler, diff: rateless })).toMatch(
      /first difference|parts at/,
    );
    const careless: Traveler["diff"] = (a, b) => {
      const tidy = ({ steps, ...rest }: typeof a) => ({
        ...rest,
        steps: steps.map((one) => ({ ...one, loss: one.loss || 0 })),
      });
      return traveler.diff(tidy(a), tidy(b));
    };
    expect(await breaks(parting, { ...traveler, diff: careless })).toMatch(
      /first difference|it is/,
    );
  });

  test("a verification of the last state alone, and one that does not look at it", async () => {
    const stateOnly: Verified = (of, folder, options) => {
      writeFileSync(join(folder, "events.jsonl"), "");
      return verify(of, folder, options);
    };
    expect(await breaks(verification, verifierBy(stateOnly))).toMatch(/(loss|rate) of step/);
    const stepsOnly: Verified = (of, folder, options) => {
      rmSync(join(folder, "checkpoints"), { recursive: true });
      return verify(of, folder, options);
    };
    expect(await breaks(verification, verifierBy(stepsOnly))).toMatch(/a weight of the state/);
  });
});
