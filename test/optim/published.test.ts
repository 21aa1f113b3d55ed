import { describe, expect, it } from "vitest";
import * as optim from "../../src/optim/index.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { near, trajectory } from "./valley.ts";

/** The valley's gradient in plain numbers. */
const slope = ([x = 0, y = 0, z = 0]: readonly number[]): readonly number[] => [
  -2 * (1 - x) - 20 * x * (y - x * x),
  10 * (y - x * x),
  0.3 * Math.cos(3 * z) + 2 * z,
];

/** A published algorithm in plain numbers: a step of one param, from its gradient and a memory of its own. */
type Published = (p: number, g: number, memory: Record<string, number>, t: number) => number;

/** The params after each of several steps of an algorithm that treats every param alone. */
const alone = (step: Published, steps: number): readonly (readonly number[])[] => {
  let params: readonly number[] = [-0.7, 1.1, 0.4];
  const memories = params.map((): Record<string, number> => ({}));
  return Array.from({ length: steps }, (_, k) => {
    const gradient = slope(params);
    params = params.map((p, i) => step(p, gradient[i] as number, memories[i] as never, k + 1));
    return params;
  });
};

/** The mean that a memory keeps under a name, with one more value. */
const mean = (memory: Record<string, number>, name: string, beta: number, x: number): number => {
  const next = beta * (memory[name] ?? 0) + (1 - beta) * x;
  memory[name] = next;
  return next;
};

const rate = 0.05;

/** Algorithms that PyTorch lacks, from their papers. */
const published: readonly (readonly [optim.GradientTransformation, Published])[] = [
  [
    optim.nadam({ learningRate: rate, weightDecay: 0.1, momentumDecay: 0.1 }),
    (p, given, memory, t) => {
      const g = given + 0.1 * p;
      const mu = (n: number): number => 0.9 * (1 - 0.5 * 0.96 ** (n * 0.1));
      const product = (memory.product ?? 1) * mu(t);
      memory.product = product;
      const m = mean(memory, "m", 0.9, g);
      const v = mean(memory, "v", 0.999, g * g) / (1 - 0.999 ** t);
      const ahead = (mu(t + 1) * m) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * g) / (1 - product);
      return p - (rate * ahead) / (Math.sqrt(v) + 1e-8);
    },
  ],
  [
    optim.lion({ learningRate: rate, weightDecay: 0.1 }),
    (p, g, memory) => {
      const direction = Math.sign(0.9 * (memory.m ?? 0) + 0.1 * g);
      mean(memory, "m", 0.99, g);
      return p - rate * (direction + 0.1 * p);
    },
  ],
];

describe("trajectories of published algorithms", () => {
  it.each(published.map(([optimizer, step]) => [optimizer.name, optimizer, step] as const))(
    "%s",
    (_name, optimizer, step) => {
      const wanted = alone(step, 25);
      const actual = trajectory(optimizer, tensor([-0.7, 1.1, 0.4], "f64"), 25);
      for (const [k, expected] of wanted.entries())
        for (const [i, x] of expected.entries())
          expect(near(actual[k]?.[i], x), `step ${k + 1}: ${actual[k]} for ${expected}`).toBe(true);
    },
  );
});
