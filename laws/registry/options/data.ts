import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import * as data from "../../../src/data/index.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { arange, tensor, zeros } from "../../../src/tensor/constructors.ts";
import { key } from "../../../src/tensor/key.ts";
import {
  type Arguments,
  aboveZero,
  between,
  everyOption,
  finiteNumber,
  type Option,
  type OptionsOf,
  optionsOf,
  placeOf,
  type Range,
  wholeFrom,
} from "../../options.ts";

const none: Arguments = {};
const count = wholeFrom(1);
const extent = wholeFrom(0);
const pixels = wholeFrom(1, 2 ** 16);
const i32 = wholeFrom(-(2 ** 31), 2 ** 31 - 1);

/** A range of sizes that also allows an infinite one. */
const orAny = (range: Range): Range => ({
  says: `${range.says}, or infinite`,
  inside: fc.oneof(range.inside, fc.constant(Number.POSITIVE_INFINITY)),
  outside: range.outside.filter((n) => n !== Number.POSITIVE_INFINITY),
});

const five = data.dataset({
  x: arange(5),
  y: zeros([5, 2, 3]),
  label: tensor([0, 1, 1, 0, 0], "i32"),
});
const image = constant(zeros([4, 6, 2])) as Expr;
const one = constant(key(1));
const spectrogram = constant(zeros([9, 4])) as Expr;

/** Runs a synchronous effect: returns its value, or throws its error. */
const made = <A, E>(effect: Effect.Effect<A, E>): A => {
  const result = Effect.runSync(Effect.result(effect));
  if (result._tag === "Failure") throw result.failure;
  return result.success;
};

const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7);
const few = data.vocabulary([["a", "b"]]);

const bytes = orAny(between(0, Number.POSITIVE_INFINITY, { high: true }));

/** The numbers of a stream, for either way to make one. */
const streamOptions = (make: (options: data.StreamOptions) => unknown): Arguments => ({
  rows: [count, (rows) => make({ rows })],
  shuffleBuffer: [count, (shuffleBuffer) => make({ shuffleBuffer })],
  prefetch: [count, (prefetch) => make({ prefetch })],
  waiting: [count, (waiting) => make({ waiting })],
});

const columns = { inputs: ["x"], targets: ["y"] };
const pair = { x: constant(zeros([2, 4, 6, 3])) as Expr, y: constant(zeros([2, 3])) as Expr };

const maskOptions = (
  make: (most: number, options?: data.MaskOptions) => data.Augmentation,
): Arguments => ({
  most: [extent, (most) => make(most)(image, one)],
  count: [extent, (n) => make(1, { count: n })(image, one)],
  share: [between(0, 1), (share) => make(1, { share })(image, one)],
  fill: [finiteNumber, (fill) => make(1, { fill })(image, one)],
});

const decoding = (how: data.Decoding): unknown =>
  data.generation({ column: "x", vocabulary: few, length: 1, decoding: how });

const table = data.csvTable(new TextEncoder().encode("x\n1\n2\n"));
const schema = { columns: { x: "x" } } as const;

/** The shares of a table that are held out. They are checked when the function is called. */
const sharesOf = (make: (shares: data.Shares) => unknown): Arguments => ({
  validation: [between(0, 1, { high: true }), (validation) => make({ validation })],
  test: [between(0, 1, { high: true }), (test) => make({ test })],
  seed: [extent, (seed) => make({ seed })],
});

const sound = zeros([1, 8]);
const mel = (options: Partial<data.MelOptions>): unknown =>
  data.melSpectrogram(sound, { sampleRate: 8, window: 4, mels: 2, ...options });

const inverted = (options: data.GriffinLimOptions): unknown =>
  data.griffinLim(zeros([1, 3, 2]), { iterations: 1, ...options });

const unmel = (options: Partial<data.InverseMelOptions>, mels = 2): unknown =>
  data.inverseMel(zeros([1, Number.isInteger(mels) && mels > 0 && mels <= 2 ** 12 ? mels : 2, 1]), {
    ...{ sampleRate: 8, window: 4, mels: 2, iterations: 1, ...options },
  });

const heard = (options: Partial<data.SoundOptions>): unknown =>
  data.fromSound({ sampleRate: 8, frames: 4, ...options });

const functions: OptionsOf<typeof data> = {
  epochsOf: {
    batchSize: [
      wholeFrom(1, 5),
      (batchSize) => made(data.epochsOf(five, { batchSize, key: key(1) })),
    ],
    "batchSize of a stream": [
      count,
      (batchSize) =>
        made(
          data.epochsOf(
            data.streamRows(() => [], { spec: {} }),
            { batchSize, key: key(1) },
          ),
        ),
    ],
    cacheBytes: [
      bytes,
      (cacheBytes) => made(data.epochsOf(five, { batchSize: 1, key: key(1), cacheBytes })),
    ],
  },
  fromPicture: {
    width: [pixels, (width) => data.fromPicture({ width, height: 1 })],
    height: [pixels, (height) => data.fromPicture({ width: 1, height })],
    background: [
      between(0, 1),
      (background) => data.fromPicture({ width: 1, height: 1, background }),
    ],
  },
  fromSound: {
    sampleRate: [wholeFrom(1, 2 ** 20), (sampleRate) => heard({ sampleRate })],
    frames: [pixels, (frames) => heard({ frames })],
    window: [
      {
        says: "a power of 2 from 2 to 65536",
        inside: fc.constantFrom(2, 4, 64),
        outside: fc.constantFrom(0, 1, 3, 2 ** 17, 6, -2),
      },
      (window) => heard({ window }),
    ],
    hop: [wholeFrom(1, 2 ** 20), (hop) => heard({ hop })],
    mels: [wholeFrom(1, 2 ** 12), (mels) => heard({ mels })],
    low: [between(0, 4, { high: true }), (low) => heard({ low })],
    high: [between(0, 4, { low: true }), (high) => heard({ high })],
    range: [aboveZero, (range) => heard({ range })],
  },
  transcription: {
    width: [pixels, (width) => data.transcription({ vocabulary: few, width })],
  },
  generation: {
    length: [pixels, (length) => data.generation({ column: "x", vocabulary: few, length })],
    "decoding.seed": [
      wholeFrom(Number.MIN_SAFE_INTEGER),
      (seed) => decoding({ method: "sampling", seed }),
    ],
    "decoding.temperature": [
      aboveZero,
      (temperature) => decoding({ method: "sampling", temperature }),
    ],
    "decoding.topK": [count, (topK) => decoding({ method: "sampling", topK })],
    "decoding.topP": [
      between(0, 1, { low: true }),
      (topP) => decoding({ method: "sampling", topP }),
    ],
    "decoding.width": [pixels, (width) => decoding({ method: "beam", width })],
    "decoding.lengthPenalty": [
      finiteNumber,
      (lengthPenalty) => decoding({ method: "beam", width: 2, lengthPenalty }),
    ],
  },
  fromText: {
    length: [pixels, (length) => data.fromText({ vocabulary: few, length })],
    padding: [
      wholeFrom(0, 2 ** 31 - 1),
      (padding) => data.fromText({ vocabulary: few, length: 1, padding }),
    ],
  },
  fromRecord: none,
  fromRecords: { rows: [pixels, (rows) => data.fromRecords(rows, ["x"])] },
  prepare: none,
  decodePng: none,
  encodePng: none,
  readWav: {
    sampleRate: [count, (sampleRate) => data.readWav(idx, { sampleRate })],
    from: [extent, (from) => data.readWav(idx, { from })],
    frames: [extent, (frames) => data.readWav(idx, { frames })],
  },
  encodeWav: {
    sampleRate: [
      wholeFrom(1, 2 ** 20),
      (sampleRate) => data.encodeWav({ samples: sound, sampleRate }),
    ],
  },
  griffinLim: {
    hop: [wholeFrom(1, 4), (hop) => inverted({ hop })],
    iterations: [wholeFrom(0, 2 ** 12), (iterations) => inverted({ iterations })],
    momentum: [between(0, 1, { high: true }), (momentum) => inverted({ momentum })],
    seed: [wholeFrom(Number.MIN_SAFE_INTEGER), (seed) => inverted({ seed })],
  },
  inverseMel: {
    sampleRate: [
      wholeFrom(1, 2 ** 20),
      (sampleRate) => unmel({ sampleRate, high: sampleRate / 2 }),
    ],
    window: [
      {
        says: "a power of 2 from 2 to 65536",
        inside: fc.constantFrom(2, 4, 64),
        outside: fc.constantFrom(0, 1, 3, 2 ** 17, 6, -2),
      },
      (window) => unmel({ window }),
    ],
    mels: [wholeFrom(1, 2 ** 12), (mels) => unmel({ mels }, mels)],
    low: [between(0, 4, { high: true }), (low) => unmel({ low })],
    high: [between(0, 4, { low: true }), (high) => unmel({ high })],
    power: [aboveZero, (power) => unmel({ power })],
    iterations: [wholeFrom(1, 2 ** 12), (iterations) => unmel({ iterations })],
  },
  toSound: none,
  resample: {
    from: [wholeFrom(1, 2 ** 20), (from) => data.resample(sound, from, 1)],
    to: [wholeFrom(1, 2 ** 20), (to) => data.resample(sound, 1, to)],
  },
  melFilters: none,
  melSpectrogram: {
    sampleRate: [wholeFrom(1, 2 ** 20), (sampleRate) => mel({ sampleRate, high: sampleRate / 2 })],
    window: [
      {
        says: "a power of 2 from 2 to 65536",
        inside: fc.constantFrom(2, 4, 64),
        outside: fc.constantFrom(0, 1, 3, 2 ** 17, 6, -2),
      },
      (window) => mel({ window }),
    ],
    hop: [wholeFrom(1, 2 ** 20), (hop) => mel({ hop })],
    mels: [wholeFrom(1, 2 ** 12), (mels) => mel({ mels })],
    low: [between(0, 4, { high: true }), (low) => mel({ low })],
    high: [between(0, 4, { low: true }), (high) => mel({ high })],
    power: [between(0, Number.POSITIVE_INFINITY, { high: true }), (power) => mel({ power })],
  },
  readPicture: none,
  pictureFolder: none,
  experience: { stepsPerEpoch: [count, data.experience] },
  sampled: none,
  weighted: {
    rows: [count, (rows) => data.sampled(five, data.weighted([1, 2, 3, 4, 5], { rows }))],
    "rows without replacement": [
      wholeFrom(1, 5),
      (rows) => data.sampled(five, data.weighted([1, 2, 3, 4, 5], { rows, replacement: false })),
    ],
    weights: [
      between(0, Number.POSITIVE_INFINITY, { high: true }),
      (n) => data.sampled(five, data.weighted([1, n, 1, 1, 1])),
    ],
  },
  balanced: {
    rows: [count, (rows) => data.sampled(five, data.balanced("label", { rows }))],
  },
  poissonSampled: {
    sampling: [
      between(0.2, 1),
      (sampling) => data.poissonSampled(five, { sampling, batchSize: 5 }),
    ],
    batchSize: [
      count,
      (batchSize) => data.poissonSampled(five.take(1), { sampling: 1, batchSize }),
    ],
  },
  kFold: { k: [wholeFrom(2, 5), (k) => data.kFold(five, k)] },
  timeFolds: {
    folds: [wholeFrom(1, 4), (n) => data.timeFolds(five, n)],
    validation: [wholeFrom(1, 4), (validation) => data.timeFolds(five, 1, { validation })],
    gap: [wholeFrom(0, 1), (gap) => data.timeFolds(five, 1, { gap })],
    most: [count, (most) => data.timeFolds(five, 1, { most })],
  },
  classWeights: { classes: [wholeFrom(2), (n) => data.classWeights(five, "label", n)] },
  withClassWeights: { weights: [wholeFrom(2), (n) => data.withClassWeights(five, "label", n)] },
  shardedBatches: {
    "rows of a file": [
      extent,
      (rows) =>
        data.shardedBatches(
          [
            { name: "a", rows },
            { name: "b", rows: 1 },
          ],
          () => [],
        ),
    ],
    ...streamOptions((options) => data.shardedBatches(["a"], () => [], options)),
  },
  shardedRows: {
    "rows of a file": [
      extent,
      (rows) =>
        data.shardedRows(
          [
            { name: "a", rows },
            { name: "b", rows: 1 },
          ],
          () => [],
        ),
    ],
    ...streamOptions((options) => data.shardedRows(["a"], () => [], options)),
  },
  streamBatches: streamOptions((options) => data.streamBatches(() => [], options)),
  streamRows: {
    ...streamOptions((options) => data.streamRows(() => [], options)),
    "ragged lengths": [
      count,
      (n) => data.streamRows(() => [], { ragged: { columns: ["x"], lengths: [n] } }),
    ],
    "a second length": [
      wholeFrom(4),
      (n) => data.streamRows(() => [], { ragged: { columns: ["x"], lengths: [3, n] } }),
    ],
  },
  randomFlip: {
    axis: [placeOf(3), (axis) => data.randomFlip({ axis })(image, one)],
    probability: [between(0, 1), (p) => data.randomFlip({ probability: p })(image, one)],
  },
  // Padding after which no image would be left is refused: the image has a height of four pixels.
  randomCrop: { padding: [wholeFrom(0, 3), (n) => data.randomCrop(n)(image, one)] },
  randomPatch: { size: [wholeFrom(1, 4), (n) => data.randomPatch(n)(image, one)] },
  cutout: { size: [wholeFrom(1, 4), (n) => data.cutout(n)(image, one)] },
  augmentations: none,
  batchAugmentations: none,
  eachExample: none,
  mixup: { alpha: [aboveZero, (alpha) => data.mixup({ ...columns, alpha })(pair, one)] },
  cutmix: { alpha: [aboveZero, (alpha) => data.cutmix({ ...columns, alpha })(pair, one)] },
  timeMask: maskOptions(data.timeMask),
  frequencyMask: maskOptions(data.frequencyMask),
  timeWarp: { most: [wholeFrom(0, 3), (n) => data.timeWarp(n)(spectrogram, one)] },
  specAugment: {
    warp: [wholeFrom(0, 3), (warp) => data.specAugment({ warp })(spectrogram, one)],
    frequency: [extent, (frequency) => data.specAugment({ frequency })(image, one)],
    frequencyMasks: [extent, (frequencyMasks) => data.specAugment({ frequencyMasks })(image, one)],
    time: [extent, (time) => data.specAugment({ time })(image, one)],
    timeMasks: [extent, (timeMasks) => data.specAugment({ timeMasks })(image, one)],
    share: [between(0, 1), (share) => data.specAugment({ share })(image, one)],
  },
  batches$: {
    size: [
      wholeFrom(1, 5),
      (n) => {
        const thrown: unknown[] = [];
        data.batches$(five, n).subscribe({ error: (error) => thrown.push(error) });
        if (thrown.length > 0) throw thrown[0];
      },
    ],
  },
  dataset: none,
  decodeIdx: none,
  idxFromBytes: {
    maxBytes: [bytes, (maxBytes) => made(data.idxFromBytes(idx, "f", { maxBytes }))],
  },
  readIdx: {
    maxBytes: [bytes, (maxBytes) => data.readIdx("f", { maxBytes })],
  },
  readNpy: none,
  readNpz: { maxBytes: [bytes, (maxBytes) => data.readNpz(idx, { maxBytes })] },
  npyStream: streamOptions((options) => data.npyStream({ x: idx }, options)),
  readBytes: none,
  readText: none,
  castColumn: none,
  minMaxScaler: none,
  standardScaler: none,
  robustScaler: none,
  imputer: none,
  quantileScaler: {
    quantiles: [
      wholeFrom(2, 1e6),
      (quantiles) => data.quantileScaler.fit(five, "x", { quantiles }),
    ],
  },
  whitener: {
    outputs: [wholeFrom(1, 6), (outputs) => data.whitener.fit(five, "y", { outputs })],
    epsilon: [
      between(0, Number.POSITIVE_INFINITY, { high: true }),
      (epsilon) => data.whitener.fit(five, "y", { epsilon }),
    ],
  },
  fittedStage: none,
  afterwards: none,
  rescale: none,
  oneHotColumn: {
    classes: [wholeFrom(1, 2 ** 31), (n) => data.oneHotColumn(five, "label", n)],
  },
  preprocessor: {
    scale: [
      { says: "not 0", inside: fc.constantFrom(1, -2, 1e-300), outside: fc.constantFrom(0, -0) },
      (n) => data.preprocessor("x", zeros([1]), tensor([n], "f64")).scale,
    ],
  },
  reshapeColumn: {
    "an extent": [wholeFrom(3, 3), (n) => data.reshapeColumn(five, "y", [n, 2])],
  },
  parseCsv: none,
  dateReader: none,
  csvTable: none,
  jsonLinesTable: none,
  arrowTable: none,
  parquetTable: none,
  tableDataset: none,
  fitTable: sharesOf((shares) => data.fitTable(table, schema, shares)),
  tableSplits: sharesOf((shares) => data.tableSplits(table, schema, shares)),
  tableStream: {
    ...streamOptions((options) => data.tableStream(table, { columns: {} }, options)),
    ...sharesOf((shares) => data.tableStream(table, { columns: {} }, shares)),
  },
  fromFields: {
    fill: [
      finiteNumber,
      (fill) =>
        data.fromFields(
          [
            {
              ...{ type: "number", field: "x", missing: [], flag: false, decimal: "." },
              ...{ fill, scaling: undefined },
            },
          ],
          false,
        ),
    ],
  },
  validate: {
    batchSize: [wholeFrom(1, 5), (batchSize) => made(data.validate(five, { batchSize }))],
    "classes of labels": [wholeFrom(2), (n) => made(data.validate(five, { labels: { label: n } }))],
  },
  padSequences: {
    length: [wholeFrom(1, 2 ** 31 - 1), (n) => data.padSequences([[1, 2]], n)],
    padding: [i32, (padding) => data.padSequences([[1], [2, 3]], 2, { padding })],
    sequences: [i32, (n) => data.padSequences([[n]], 1)],
  },
  vocabulary: {
    minCount: [count, (minCount) => data.vocabulary([["a"]], { minCount })],
    limit: [
      orAny(wholeFrom(1)),
      (limit) => data.vocabulary([["a"]], { special: ["<pad>"], limit }),
    ],
  },
  vocabularyOf: { "a number to decode": [wholeFrom(0, 1), (n) => few.decode([n])] },
  tokenizeWords: none,
  splitText: none,
  learnSubwords: { merges: [extent, (merges) => data.learnSubwords(["a"], { merges })] },
};

const buffer = { y: new Float32Array(6) };

const methods: { readonly [method: string]: Arguments } = {
  row: { index: [placeOf(5), (n) => five.row(n)] },
  take: { n: [extent, (n) => five.take(n)] },
  pick: {
    indices: [
      { ...wholeFrom(0, 4), outside: fc.constantFrom(-1, 5, 2 ** 31 - 1, -(2 ** 31)) },
      (n) => five.pick(Int32Array.of(n)),
    ],
  },
  skip: { n: [extent, (n) => five.skip(n)] },
  split: {
    fraction: [between(0, 1), (n) => five.split(n)],
    counts: [wholeFrom(0, 3), (n) => five.split([2, n])],
  },
  batch: { size: [wholeFrom(1, 5), (n) => five.batch(n)] },
  cache: { maxBytes: [bytes, (n) => five.cache(n)] },
  gather: {
    // Conversion of other numbers to Int32Array is left to the caller.
    indices: [
      { ...wholeFrom(0, 4), outside: fc.constantFrom(-1, 5, 2 ** 31 - 1, -(2 ** 31)) },
      (n) => five.gather(Int32Array.of(n)),
    ],
  },
  gatherInto: {
    "the number of rows": [
      { ...wholeFrom(0, 1), outside: fc.constantFrom(2, 5) },
      (n) => five.gatherInto(buffer, new Int32Array(n)),
    ],
  },
};

/** Every numeric argument of the functions of `data`, and of the methods of a dataset. */
export const dataOptions: readonly Option[] = [
  ...everyOption(functions),
  ...Object.entries(methods).flatMap(([op, options]) => optionsOf(`dataset.${op}`, options)),
];
