import { readFileSync } from "node:fs";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as E from "fp-ts/lib/Either.js";
import type { ReaderSubject } from "../../laws/data/readers.ts";
import { decodeJson } from "../../src/codec/decode.ts";
import { tensorCodec, treeCodec } from "../../src/codec/tensor.ts";
import { decodeIdx } from "../../src/data/arrays/idx.ts";
import { readNpy, readNpz } from "../../src/data/arrays/npy.ts";
import { Dataset, dataset } from "../../src/data/dataset.ts";
import { idxFromBytes } from "../../src/data/files.ts";
import { readPicture } from "../../src/data/pictures/decode.ts";
import { decodePng } from "../../src/data/pictures/png.ts";
import { robustScaler } from "../../src/data/preprocess/fits.ts";
import { afterwards, fromText } from "../../src/data/raw/constructors.ts";
import { tableSplits } from "../../src/data/table/datasets.ts";
import { parseCsv } from "../../src/data/table/parseCsv.ts";
import { csvTable } from "../../src/data/table/readers/csvTable.ts";
import { vocabularyOf } from "../../src/data/vocabulary.ts";
import { DataSourceError } from "../../src/errors.ts";
import {
  adam,
  dense,
  embedding,
  lstm,
  meanSquaredError,
  pipeline,
  sequential,
  sgd,
  softmaxCrossEntropy,
  supervised,
  withOptimizer,
} from "../../src/index.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../src/io/index.ts";
import { tensor, zeros } from "../../src/tensor/constructors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { eventJsonCodec } from "../../src/train/events/codec.ts";
import {
  decodeModelFile,
  encodeModelFile,
  type Model,
  makeModelPredictor,
  modelOf,
} from "../../src/train/index.ts";
import { decodeModel, encodeModel } from "../../src/train/predict/model.ts";
import { decodeState, encodeState } from "../../src/train/state/codec.ts";
import { initialState } from "../../src/train/state/initial.ts";
import { fromBase64, savedArrays as numpy, savedNpy } from "../data/savedArrays.ts";
import { rowReaders } from "./rows.ts";
import { soundReader } from "./sound.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const asEffect = <L, A>(read: E.Either<L, A>): Effect.Effect<A, L> =>
  E.isRight(read) ? Effect.succeed(read.right) : Effect.fail(read.left);

/** The bytes of tensors, and of datasets and trees of tensors. */
const weight = (value: unknown): number => {
  if (value instanceof Tensor) return value.toTypedArray().byteLength;
  if (value instanceof Dataset) return weight(value.all());
  if (ArrayBuffer.isView(value)) return value.byteLength;
  return typeof value === "object" && value !== null
    ? Object.values(value).reduce((sum: number, part) => sum + weight(part), 0)
    : 0;
};

const idx = (code: number, shape: readonly number[], data: readonly number[]): Uint8Array =>
  Uint8Array.of(
    0,
    0,
    code,
    shape.length,
    ...shape.flatMap((d) => [0, 0, d >> 8, d & 255]),
    ...data,
  );

const idxFiles: readonly Uint8Array[] = [
  idx(8, [3], [1, 2, 3]),
  idx(
    8,
    [2, 3, 2],
    Array.from({ length: 12 }, (_, i) => i),
  ),
  idx(9, [0, 5], []),
  idx(11, [2], [255, 254, 0, 1]),
  idx(13, [1, 1], [0x7f, 0xc0, 0, 0]),
  idx(14, [1], [0xff, 0xf0, 0, 0, 0, 0, 0, 0]),
  idx(
    8,
    [40, 50],
    Array.from({ length: 2000 }, (_, i) => i & 7),
  ),
];

/** Corrects the checksums in a PNG file, so that the parts behind them are tested too. */
const withSums = (file: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(file);
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) break;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
  return bytes;
};

const part = (kind: string, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(12 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(bytesOf(kind), 4);
  bytes.set(body, 8);
  return bytes;
};

const png = (header: Uint8Array, pixels: Uint8Array): Uint8Array =>
  withSums(
    Buffer.concat([
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      part("IHDR", header),
      part("IDAT", deflateSync(pixels)),
      part("IEND", new Uint8Array()),
    ]),
  );

/** PNG files made of a 13-byte header followed by uncompressed lines of pixels. */
const pixelFiles: readonly Uint8Array[] = [
  Uint8Array.of(
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    2,
    8,
    6,
    0,
    0,
    0,
    ...new Uint8Array(9),
    4,
    ...new Uint8Array(8),
  ),
  Uint8Array.of(0, 0, 0, 30, 0, 0, 0, 10, 8, 6, 0, 0, 0, ...new Uint8Array(1210)),
];

const readPng = (file: Uint8Array) => {
  const picture = decodePng(file);
  // This reader refuses by returning a reason as text.
  return typeof picture === "string"
    ? Effect.fail(new DataSourceError({ source: "png", reason: picture }))
    : Effect.succeed(picture);
};

const line = pipeline(
  "line",
  Effect.succeed({ train: dataset({ x: tensor([[1, 2]]), y: tensor([[1]]) }) }),
  supervised({
    input: "x",
    target: "y",
    model: sequential(dense(2, 3), dense(3, 1)),
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0 }),
  }),
);
const trained = withOptimizer(adam({ learningRate: 0.1 }))(line);
const checkpoint = encodeState(trained, initialState(trained));

const json = (...values: readonly unknown[]): readonly Uint8Array[] =>
  values.map((value) => bytesOf(JSON.stringify(value)));

const scored = { epoch: 1, step: 2, loss: 0.5, metrics: { accuracy: 1, other: "NaN" } };

const looking = pipeline(
  "looking",
  Effect.succeed({
    train: dataset({ words: tensor([[1, 2, 0, 0]], "i32"), kind: tensor([1], "i32") }),
    inputs: { words: fromText({ vocabulary: vocabularyOf(["a", "b", "c"], "a"), length: 4 }) },
    classes: ["no", "yes"],
  }),
  supervised({
    input: "words",
    target: "kind",
    tokens: 3,
    classes: 2,
    model: sequential(embedding(3, 2), lstm(2, 2, { output: "last" }), dense(2, 2)),
    loss: softmaxCrossEntropy,
    optimizer: sgd({ learningRate: 0 }),
  }),
);
/** A model of messy rows, with a field of each type and a stage after them. */
const tabular = (() => {
  const file = bytesOf(
    'n,k,on,b,t\n1,a,2024-01-02,yes,"good, good"\n,b,2024-02-03,no,bad\n3,a,2024-02-29,no,\n',
  );
  const features = [
    { field: "n", type: "number", fill: "mean", flag: true, scale: "standard" },
    { field: "k", type: "category", unseen: "other" },
    { field: "on", type: "date", parts: ["days", { cyclic: "month" }], scale: "minMax" },
    { field: "b", type: "boolean" },
    { field: "t", type: "text", fill: { constant: "" } },
  ] as const;
  const label = { field: "k", type: "category" } as const;
  return pipeline(
    "tabular",
    Effect.map(tableSplits(csvTable(file), { columns: { features, label } }), (data) => {
      const scaler = robustScaler.fit(data.train, "features");
      return {
        ...{ train: scaler.apply(data.train), classes: data.classes ?? [] },
        inputs: { features: afterwards(data.inputs.features, scaler) },
      };
    }),
    supervised({
      ...{ input: "features", target: "label", classes: 2, model: dense(11, 2) },
      ...{ loss: softmaxCrossEntropy, optimizer: sgd({ learningRate: 0 }) },
    }),
  );
})();
const models: readonly Model[] = [
  Effect.runSync(modelOf(trained, initialState(trained))),
  Effect.runSync(modelOf(looking, initialState(looking))),
  await Effect.runPromise(modelOf(tabular, initialState(tabular))),
];

/** Predicts one row of zeros, in little memory. */
const ran = (model: Model) =>
  Effect.scoped(
    Effect.flatMap(makeModelPredictor(model, { batchSize: 1, maxBytes: 2 ** 20 }), (predict) =>
      predict(
        Object.fromEntries(
          Object.entries(model.columns).map(([column, { shape, dtype }]) => [
            column,
            // A shape that a stranger says may be larger than any memory.
            sizeOf(shape) > 2 ** 16 ? zeros([0], dtype) : zeros(shape, dtype),
          ]),
        ),
      ),
    ),
  );

/** JPEG files: color, gray, progressive and CMYK. */
const jpegFiles = ((): readonly Uint8Array[] => {
  const made = JSON.parse(readFileSync(new URL("../data/pictures.json", import.meta.url), "utf8"));
  const files: readonly { readonly jpeg: string }[] = Object.values(made.files);
  return [...files.map(({ jpeg }) => jpeg), made.cmyk].map(fromBase64);
})();

/** Every reader of untrusted files. */
export const readers: readonly ReaderSubject[] = [
  {
    name: "idx",
    files: idxFiles,
    read: (bytes) => asEffect(decodeIdx(bytes, "f")),
    weight,
    most: (length) => 4 * length,
  },
  {
    name: "gzip",
    files: idxFiles.map((file) => new Uint8Array(gzipSync(file))),
    read: (bytes) => idxFromBytes(bytes, "f"),
    weight,
    most: (length) => 4 * 1032 * length,
  },
  {
    name: "gzipped-idx",
    files: idxFiles,
    read: (bytes) => idxFromBytes(new Uint8Array(gzipSync(bytes, { level: 1 })), "f"),
    weight,
    most: (length) => 4 * length,
  },
  {
    name: "png",
    files: pixelFiles.map((file) => png(file.subarray(0, 13), file.subarray(13))),
    read: readPng,
    weight,
    most: (length) => 1032 * length,
  },
  {
    name: "png-parts",
    files: pixelFiles.map((file) => png(file.subarray(0, 13), file.subarray(13))),
    read: (bytes) => readPng(withSums(bytes)),
    weight,
    most: (length) => 1032 * length,
  },
  {
    name: "png-pixels",
    files: pixelFiles,
    read: (bytes) => readPng(png(bytes.subarray(0, 13), bytes.subarray(13))),
    weight,
    most: (length) => 4 * length,
  },
  {
    name: "table",
    files: [
      'x,y,kind\\n1,2,round\\n-3.5e2, "4" ,square\\nnan,inf,"round"\\n',
      '# a\\r\\n"x","y","ki""nd",kind\\r\\n.5,1.,"a\\nb",round\\r\\n\\r\\n',
    ].map((text) => bytesOf(text.replaceAll("\\n", "\n").replaceAll("\\r", "\r"))),
    read: (bytes) =>
      asEffect(
        parseCsv(
          textOf(bytes),
          { at: ["x", "y"], kind: { column: "kind", classes: ["round", "square"] } },
          "f",
        ),
      ),
    weight,
    most: (length) => 12 * length,
  },
  ...rowReaders(weight),
  {
    name: "jpeg",
    files: jpegFiles,
    read: (bytes) => readPicture(bytes),
    weight,
    most: (length) => 4 * 1024 * length,
  },
  soundReader(weight),
  {
    name: "npy",
    files: [
      ...["<f4", ">f2", ">i8", "fortran", "truths", "empty"].map(savedNpy),
      ...Object.values(numpy.versions).map(fromBase64),
    ],
    read: (bytes) => readNpy(bytes),
    weight,
    most: (length) => 4 * length,
  },
  {
    name: "npz",
    files: [numpy["plain npz"], numpy["compressed npz"]].map(fromBase64),
    read: (bytes) => readNpz(bytes, { maxBytes: 2 ** 24 }),
    weight,
    most: () => 4 * 2 ** 24,
  },
  {
    name: "safetensors",
    files: [false, true].map((hashed) =>
      encodeSafetensors(
        {
          tensors: {
            a: tensor([[1, -0, 3]], "f32"),
            b: tensor([Number.NaN, 1e300], "f64"),
            "c.d": tensor([true, false]),
            e: tensor(7, "i32"),
          },
          metadata: { by: "me" },
        },
        { hashed },
      ),
    ),
    read: (bytes) => decodeSafetensors(bytes, "f"),
    weight: (file) => weight((file as SafetensorsFile).tensors),
    most: (length) => 4 * length,
  },
  {
    name: "tensor",
    files: json(
      tensorCodec.encode(tensor([[1, -0, 3]], "f32")),
      tensorCodec.encode(tensor([Number.NaN, 1e300], "f64")),
      tensorCodec.encode(tensor([true, false])),
    ),
    read: (bytes) => decodeJson(tensorCodec, textOf(bytes), "f"),
    weight,
    most: (length) => length,
  },
  {
    name: "tree",
    files: json(treeCodec.encode({ a: [tensor([1, 2]), undefined], b: { dtype: tensor([[3]]) } })),
    read: (bytes) => decodeJson<unknown>(treeCodec, textOf(bytes), "f"),
    weight,
    most: (length) => length,
  },
  {
    name: "checkpoint",
    files: [encodeSafetensors(checkpoint)],
    read: (bytes) =>
      Effect.flatMap(decodeSafetensors(bytes, "f"), (file) => decodeState(trained, file, "f")),
    weight,
    most: (length) => length,
  },
  {
    // With its own hash corrected, so that what is behind it is tested too.
    name: "checkpoint-content",
    files: [encodeSafetensors(checkpoint, { hashed: false })],
    read: (bytes) =>
      Effect.flatMap(decodeSafetensors(bytes, "f"), (file) =>
        decodeState(trained, { ...file, hash: "" }, "f"),
      ),
    weight,
    most: (length) => 4 * length,
  },
  {
    name: "model",
    files: models.map(encodeModelFile),
    read: (bytes) => decodeModelFile(bytes, "f"),
    weight: (model) => weight((model as Model).params),
    most: (length) => length,
  },
  ...models.map((model, i): ReaderSubject => {
    const decoded = (bytes: Uint8Array) => decodeModel(textOf(bytes), model.params, "f");
    return {
      // What is behind the hash, and then what is compiled and run.
      name: `model-content-${i}`,
      files: [bytesOf(encodeModel(model))],
      read: (bytes) => Effect.flatMap(decoded(bytes), ran),
      weight,
      most: (length) => 4 * length + 2 ** 20,
    };
  }),
  {
    name: "event",
    files: json(
      { _tag: "EpochStarted", epoch: 1 },
      { _tag: "StepCompleted", ...scored, learningRate: null, examplesPerSecond: 10 },
      {
        ...{ _tag: "Validated", on: "test", ...scored, examples: 3 },
        confusion: {
          classes: ["a", "b"],
          counts: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      { _tag: "Sampled", epoch: 1, step: 2, text: "\\ud83d\\n" },
    ),
    read: (bytes) => decodeJson<unknown>(eventJsonCodec, textOf(bytes), "f"),
    weight,
    most: (length) => length,
  },
];
