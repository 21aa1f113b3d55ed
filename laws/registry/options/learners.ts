import { averaged } from "../../../src/learn/combinators/averaged.ts";
import * as follow from "../../../src/learn/combinators/follow.ts";
import * as accountant from "../../../src/learn/gradient/accountant.ts";
import * as perturbed from "../../../src/learn/gradient/perturbed.ts";
import * as privacy from "../../../src/learn/gradient/private.ts";
import { metaLearned } from "../../../src/learn/metaLearned.ts";
import { lossScaled } from "../../../src/learn/precision/lossScaled.ts";
import { dense } from "../../../src/nn/index.ts";
import { meanSquaredError } from "../../../src/nn/losses/index.ts";
import { sgd } from "../../../src/optim/index.ts";
import {
  type Arguments,
  aboveZero,
  between,
  everyOption,
  fromZero,
  type Option,
  type OptionsOf,
  wholeFrom,
} from "../../options.ts";

const decay = between(0, 1, { high: true });
const count = wholeFrom(1);
const share = between(0, 1, { low: true, high: true });
const fromOne = between(1, 3.4028234663852886e38);

const run = { noise: 1, sampling: 0.01, steps: 100, delta: 1e-5 };
const spent = (change: Partial<accountant.PrivateRun>) =>
  accountant.privacySpent({ ...run, ...change });
const target = { sampling: 0.01, steps: 100, delta: 1e-5, epsilon: 1 };
const found = (change: Partial<typeof target>) => accountant.noiseFor({ ...target, ...change });

const adapting = (inner: { readonly learningRate: number; readonly steps?: number }) =>
  metaLearned({
    models: { line: dense(1, 1) },
    support: ({ line }, { x, y }) => meanSquaredError(line(x as never), y as never),
    query: ({ line }, { x, y }) => meanSquaredError(line(x as never), y as never),
    inner,
    optimizer: sgd({ learningRate: 0.1 }),
  });

const functions: OptionsOf<
  typeof follow & typeof accountant & typeof perturbed & typeof privacy
> & {
  readonly [name: string]: Arguments;
} = {
  follow: { decay: [decay, (n) => follow.follow("a", n)] },
  copyEvery: { steps: [count, (n) => follow.copyEvery("a", n)] },
  privately: {
    clip: [aboveZero, (clip) => privacy.privately({ clip, noise: 1 })],
    noise: [fromZero, (noise) => privacy.privately({ clip: 1, noise })],
  },
  privacySpent: {
    noise: [aboveZero, (noise) => spent({ noise })],
    sampling: [between(0, 1), (sampling) => spent({ sampling })],
    steps: [wholeFrom(0), (steps) => spent({ steps })],
    delta: [share, (delta) => spent({ delta })],
  },
  noiseFor: {
    // ln(10⁵) / 1023 is the least that orders up to 1024 show, and 2⁻¹⁰ the least noise.
    epsilon: [between(0.0113, spent({ noise: 2 ** -10 })), (epsilon) => found({ epsilon })],
    sampling: [between(0, 1, { low: true }), (sampling) => found({ sampling })],
    steps: [count, (steps) => found({ steps })],
    delta: [share, (delta) => found({ delta })],
  },
  sharpnessAware: { rho: [aboveZero, (rho) => perturbed.sharpnessAware({ rho })] },
  adversarially: {
    epsilon: [aboveZero, (epsilon) => perturbed.adversarially({ column: "x", epsilon })],
    steps: [count, (steps) => perturbed.adversarially({ column: "x", epsilon: 1, steps })],
    stepSize: [aboveZero, (n) => perturbed.adversarially({ column: "x", epsilon: 1, stepSize: n })],
  },
  averaged: { decay: [decay, averaged] },
  lossScaled: {
    initial: [fromOne, (initial) => lossScaled({ initial })],
    growth: [fromOne, (growth) => lossScaled({ growth })],
    backoff: [share, (backoff) => lossScaled({ backoff })],
    every: [count, (every) => lossScaled({ every })],
  },
  metaLearned: {
    learningRate: [aboveZero, (learningRate) => adapting({ learningRate })],
    steps: [count, (steps) => adapting({ learningRate: 1, steps })],
  },
};

/** Every numeric argument of learners and their parts. */
export const learnerOptions: readonly Option[] = everyOption(functions);
