import { describe, expect, it } from "vitest";
import * as optim from "../../src/optim/index.ts";
import * as plain from "./algorithms.ts";
import { loss, slope, start, startTree } from "./basin.ts";
import { near, trajectory } from "./valley.ts";

const [rate, decay] = [0.05, 0.1];
const both = { learningRate: rate, weightDecay: decay };
const rates = { rate, decay };
const momentum = optim.sgd({ learningRate: rate, momentum: 0.9 });

/** Optimizers that PyTorch lacks, and their algorithms in plain numbers. */
const published: readonly (readonly [optim.GradientTransformation, plain.Step])[] = [
  [optim.lamb(both), plain.lamb(rates)],
  [optim.lars({ ...both, trustCoefficient: 0.02 }), plain.lars(rates)],
  [optim.adafactor(), plain.adafactor()],
  [optim.adabelief(both), plain.adabelief(rates)],
  [optim.yogi(both), plain.yogi(rates)],
  [optim.adan(both), plain.adan(rates)],
  [optim.sophia({ ...both, every: 4, gamma: 0.05, seed: 7 }), plain.sophia(rates)],
  [optim.scheduleFreeSgd(both), plain.scheduleFreeSgd(rates)],
  [optim.scheduleFreeAdamw(both), plain.scheduleFreeAdamw(rates)],
  [
    optim.prodigy({ learningRate: 0.5, weightDecay: decay, initialDistance: 0.01 }),
    plain.prodigy(0.5, decay, 0.01),
  ],
  [optim.muon(both), plain.muon(rates)],
  [optim.shampoo({ ...both, momentum: 0.9 }), plain.shampoo(rates)],
  [optim.lookahead(momentum, { syncPeriod: 4 }), plain.lookahead(rate)],
  [optim.chain(optim.centralize, optim.sgd({ learningRate: rate })), plain.centralized(rate)],
  [
    optim.chain(optim.clipByUnitNorm({ limit: 0.3 }), optim.sgd({ learningRate: rate })),
    plain.clippedByUnit(rate, 0.3),
  ],
];

/** The params after each of several steps of an algorithm in plain numbers. */
const walked = (step: plain.Step, steps: number): readonly plain.Vector[] => {
  let p = start;
  return Array.from({ length: steps }, (_, k) => {
    p = step(p, slope(p), k + 1);
    return p;
  });
};

describe("25 steps of a vector and a matrix, beside the paper's algorithm in plain numbers", () => {
  it.each(published.map(([optimizer, step]) => [optimizer.name, optimizer, step] as const))(
    "%s",
    (_name, optimizer, step) => {
      const wanted = walked(step, 25);
      const actual = trajectory(optimizer, startTree, 25, loss);
      for (const [k, expected] of wanted.entries())
        for (const [i, x] of expected.entries())
          expect(near(actual[k]?.[i], x), `step ${k + 1}: ${actual[k]} for ${expected}`).toBe(true);
    },
  );

  it("would tell a step that is wrong from the eleventh on", () => {
    const wrong = plain.yogi({ rate, decay });
    const late: plain.Step = (p, g, t) => wrong(p, g, t).map((x) => (t > 10 ? x + 1e-8 : x));
    const actual = trajectory(optim.yogi(both), startTree, 25, loss);
    const first = walked(late, 25).findIndex((p, k) => p.some((x, i) => !near(actual[k]?.[i], x)));
    expect(first).toBe(10);
  });
});
