import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import * as random from "../../../src/ir/ops/random.ts";
import * as constructors from "../../../src/tensor/constructors.ts";
import * as keys from "../../../src/tensor/key.ts";
import {
  type Arguments,
  anyWhole,
  between,
  everyOption,
  finiteNumber,
  type Option,
  type OptionsOf,
  wholeFrom,
} from "../../options.ts";

const { tensor } = constructors;

const none: Arguments = {};
const row = constant(tensor([3, 1, 2]));
const key = constant(keys.key(1));
const probability = between(0, 1);
const extent = wholeFrom(0);
const inShape = (use: (shape: readonly number[]) => unknown): Arguments => ({
  "an extent": [extent, (n) => use([2, n])],
});

const draws: OptionsOf<typeof random> = {
  randomBits: inShape((shape) => random.randomBits(key, shape)),
  splitKey: { n: [extent, (n) => random.splitKey(key, n)] },
  foldInKey: { data: [anyWhole, (n) => random.foldInKey(key, n)] },
  uniform: {
    low: [between(-3.4e38, 2), (n) => random.uniform(key, [2], { low: n, high: 2 })],
    high: [between(-2, 3.4e38), (n) => random.uniform(key, [2], { low: -2, high: n })],
    ...inShape((shape) => random.uniform(key, shape)),
  },
  normal: inShape((shape) => random.normal(key, shape)),
  bernoulli: {
    p: [probability, (n) => random.bernoulli(key, n, [2])],
    ...inShape((shape) => random.bernoulli(key, 0.5, shape)),
  },
  categorical: { n: [extent, (n) => random.categorical(key, row as Expr<readonly [number]>, n)] },
  permutation: { n: [extent, (n) => random.permutation(key, n)] },
};

const made: OptionsOf<typeof constructors> = {
  tensor: { element: [wholeFrom(-(2 ** 31), 2 ** 31 - 1), (n) => tensor([n], "i32")] },
  scalar: { value: [wholeFrom(0, 255), (n) => constructors.scalar(n, "u8")] },
  full: { value: [wholeFrom(0, 1), (n) => constructors.full([2], n, "bool")] },
  zeros: inShape((shape) => constructors.zeros(shape)),
  ones: inShape((shape) => constructors.ones(shape)),
  arange: {
    start: [finiteNumber, (n) => constructors.arange(n, 3, 1)],
    stop: [finiteNumber, (n) => constructors.arange(0, n, 1)],
    step: [finiteNumber, (n) => constructors.arange(0, 1, n === 0 ? 1 : n)],
  },
  linspace: { n: [extent, (n) => constructors.linspace(0, 1, n)] },
  eye: { n: [extent, (n) => constructors.eye(n)] },
  fromTypedArray: {
    "an extent": [wholeFrom(2, 2), (n) => constructors.fromTypedArray([n], new Float32Array(2))],
  },
  stackTensors: none,
};

const { wordsOf: _, boundsOf: __, thresholdOf: ___, ...publicKeys } = keys;
const ofKeys: OptionsOf<typeof publicKeys> = {
  key: { seed: [anyWhole, (n) => keys.key(n)] },
  split: { n: [extent, (n) => keys.split(keys.key(1), n)] },
  foldIn: { data: [anyWhole, (n) => keys.foldIn(keys.key(1), n)] },
  uniform: {
    low: [between(-3.4e38, 2), (n) => keys.uniform(keys.key(1), [2], { low: n, high: 2 })],
    high: [between(-2, 3.4e38), (n) => keys.uniform(keys.key(1), [2], { low: -2, high: n })],
    ...inShape((shape) => keys.uniform(keys.key(1), shape)),
  },
  normal: inShape((shape) => keys.normal(keys.key(1), shape)),
  bernoulli: {
    p: [probability, (n) => keys.bernoulli(keys.key(1), n, [2])],
    ...inShape((shape) => keys.bernoulli(keys.key(1), 0.5, shape)),
  },
  permutation: { n: [extent, (n) => keys.permutation(keys.key(1), n)] },
  categorical: { n: [extent, (n) => keys.categorical(keys.key(1), tensor([1, 2]), n)] },
};

const named = (where: string, options: readonly Option[]): readonly Option[] =>
  options.map((each) => ({ ...each, name: `${where}${each.name}` }));

/** Every numeric argument of functions that create tensors, constant or random. */
export const tensorOptions: readonly Option[] = [
  ...named("tensor ", everyOption(made)),
  ...named("tensor ", everyOption(ofKeys)),
  ...named("random.", everyOption(draws)),
];
