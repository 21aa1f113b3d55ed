import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { Backend } from "../../src/backend/backend.ts";
import { layerReference } from "../../src/backend/reference/layerReference.ts";
import type { BatchAugmentation } from "../../src/data/augmentation/batch.ts";
import { parameter } from "../../src/ir/build.ts";
import type { TensorType } from "../../src/ir/expr.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { program } from "../../src/ir/program.ts";
import { key } from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";

/** An augmentation that mixes the images `x` of a batch and their one-hot targets `y`. */
export interface Mixing {
  readonly name: string;
  readonly change: BatchAugmentation;
}

const [height, width] = [5, 7];

/** Compiles a mixing once. Images have one channel per example, with 1 in their own channel, like targets. */
const compiledOf = ({ change }: Mixing, n: number) => {
  const types: readonly TensorType[] = [
    { shape: [n, height, width, n], dtype: "f32" },
    { shape: [n, n], dtype: "f32" },
    { shape: [2], dtype: "i32" },
  ];
  const [x, y, own] = types.map(parameter);
  if (x === undefined || y === undefined || own === undefined) throw new Error("three inputs");
  const made = change({ x, y }, own as KeyExpr);
  const outputs = program([x, y, own], [made.x, made.y]);
  const executable = Effect.runSync(
    Effect.provide(
      Effect.flatMap(Backend, (backend) => backend.compile(outputs)),
      layerReference,
    ),
  );
  const hot = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const images = Float32Array.from(
    { length: n * height * width * n },
    (_, i) => hot[Math.floor(i / (height * width * n)) * n + (i % n)] as number,
  );
  const [given, targets] = [
    Tensor.own([n, height, width, n], "f32", images),
    Tensor.own([n, n], "f32", hot),
  ];
  return (seed: number) => {
    const [pixels, labels] = executable.run([given, targets, key(seed)]) as [Tensor, Tensor];
    return { pixels: Tensor.read(pixels), labels: Tensor.read(labels) };
  };
};

/** Targets are mixed like images: in proportion to the visible part of each. */
export const targetsFollowInputs: Law<Mixing> = law(
  "targets follow inputs",
  "y'ᵢⱼ = the share of example j in image i, and Σⱼ y'ᵢⱼ = 1",
  (mixing: Mixing) => {
    const n = 4;
    const run = compiledOf(mixing, n);
    return {
      given: fc.nat(100_000),
      breach: (seed: number) => {
        const { pixels, labels } = run(seed);
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let p = 0; p < height * width; p++)
              sum += pixels[(i * height * width + p) * n + j] as number;
            const [share, label] = [sum / (height * width), labels[i * n + j] as number];
            if (!(label >= 0 && label <= 1)) return `a target of ${label}`;
            if (Math.abs(share - label) > 1e-5)
              return `${share} of image ${i} is of ${j}, and its target ${label}`;
          }
        return undefined;
      },
    };
  },
);

/** No example is lost or counted twice: the mixing partners are a permutation. */
export const partnersPermute: Law<Mixing> = law(
  "partners permute",
  "each example has the same share of the whole batch, if all have one proportion",
  (mixing: Mixing) => {
    const n = 4;
    const run = compiledOf(mixing, n);
    return {
      given: fc.nat(100_000),
      breach: (seed: number) => {
        const { labels } = run(seed);
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += labels[i * n + j] as number;
          if (Math.abs(sum - 1) > 1e-5) return `example ${j} has ${sum} of the batch`;
        }
        return undefined;
      },
    };
  },
);

export const mixingLaws: readonly Law<Mixing>[] = [targetsFollowInputs, partnersPermute];
