import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts/lib/index.js";
import { fittedStage, type Stage } from "../data/preprocess/stages.ts";
import {
  afterwards,
  fromPicture,
  fromRecord,
  fromRecords,
  fromSound,
  fromText,
} from "../data/raw/constructors.ts";
import type { Feature, FromOne, FromRaw } from "../data/raw/raw.ts";
import { vocabularyOf } from "../data/vocabulary.ts";
import { InvalidArgument, ShapeMismatch } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readFields, writeFields, writtenFields } from "./fields.ts";
import { natural } from "./number.ts";
import { splitCodec } from "./split.ts";
import { tensorCodec } from "./tensor.ts";

const texts = t.readonlyArray(t.string);

const feature: t.Type<Feature, unknown> = t.union([
  t.strict({ field: t.string, classes: texts }),
  t.strict({
    field: t.string,
    as: t.keyof({ number: null, log1p: null, yearSine: null, yearCosine: null }),
  }),
]);

const scaling = t.strict({ shift: tensorCodec, scale: tensorCodec });

const stage: t.Type<Stage, unknown> = t.union([
  t.strict({ kind: t.literal("affine"), shift: tensorCodec, scale: tensorCodec }),
  t.strict({ kind: t.literal("impute"), values: tensorCodec }),
  t.strict({
    kind: t.literal("quantile"),
    quantiles: tensorCodec,
    output: t.keyof({ uniform: null, normal: null }),
  }),
  t.strict({ kind: t.literal("linear"), mean: tensorCodec, matrix: tensorCodec }),
]);

const one = t.union([
  t.intersection([
    t.strict({
      kind: t.literal("picture"),
      width: natural,
      height: natural,
      channels: t.union([t.literal(1), t.literal(3), t.literal(4)]),
      background: t.number,
      inverted: t.boolean,
      shape: t.readonlyArray(natural),
    }),
    // Files from before these were possible have neither.
    t.exact(
      t.partial({
        alpha: t.keyof({ composite: null, drop: null }),
        fit: t.keyof({ exact: null, stretch: null, cover: null, contain: null }),
      }),
    ),
  ]),
  t.strict({
    kind: t.literal("sound"),
    ...{ sampleRate: natural, frames: natural, window: natural, hop: natural, mels: natural },
    ...{ low: t.number, high: t.number, range: t.number, resampled: t.boolean },
  }),
  t.intersection([
    t.strict({
      kind: t.literal("text"),
      split: splitCodec,
      tokens: texts,
      length: natural,
      padding: natural,
    }),
    t.partial({
      ...{ unknown: t.string, beside: t.string },
      longer: t.keyof({ cut: null, refused: null }),
    }),
  ]),
  t.intersection([
    t.strict({ kind: t.literal("records"), features: t.readonlyArray(feature) }),
    t.partial({ rows: natural, scaling }),
  ]),
  writtenFields,
]);
type One = t.TypeOf<typeof one>;

const written = t.union([
  one,
  t.strict({ kind: t.literal("stages"), from: one, stages: t.readonlyArray(stage) }),
]);
type Written = t.TypeOf<typeof written>;

const scalerOf = ({ shift, scale }: { readonly shift: Tensor; readonly scale: Tensor }) => ({
  column: "",
  shift,
  scale,
  apply: <D>(dataset: D): D => dataset,
});

/** What was written, made by the functions that check it. **Fails with** `InvalidArgument`, thrown. */
const read = (from: Written): FromRaw =>
  from.kind === "stages"
    ? afterwards(readOne(from.from), ...from.stages.map((of) => fittedStage("", of)))
    : readOne(from);

const readOne = (from: One): FromOne => {
  switch (from.kind) {
    case "picture":
      return fromPicture(from);
    case "sound":
      return fromSound(from);
    case "text":
      return fromText({ ...from, vocabulary: vocabularyOf(from.tokens, from.unknown) });
    case "fields":
      return readFields(from);
    case "records": {
      const { rows, features } = from;
      const scaler = from.scaling && scalerOf(from.scaling);
      return rows === undefined
        ? fromRecord(features, scaler)
        : fromRecords(rows, features, scaler);
    }
  }
};

const write = (from: FromRaw): Written =>
  from.kind === "stages"
    ? { kind: "stages", from: writeOne(from.from), stages: from.stages }
    : writeOne(from);

const writeOne = (from: FromOne): One => {
  switch (from.kind) {
    case "picture":
    case "sound":
      return from;
    case "text": {
      const { kind, split, vocabulary, length, padding, longer, beside } = from;
      const { tokens, unknown } = vocabulary;
      const named = unknown === undefined ? undefined : tokens[unknown];
      const pair = beside === undefined ? {} : { beside };
      const plain = { kind, split, tokens, length, padding, longer, ...pair };
      return named === undefined ? plain : { ...plain, unknown: named };
    }
    case "fields":
      return writeFields(from);
    case "records": {
      const { kind, rows, features, scaling: scaled } = from;
      return {
        kind,
        features,
        ...(rows === undefined ? {} : { rows }),
        ...(scaled === undefined ? {} : { scaling: scaled }),
      };
    }
  }
};

/**
 * A codec of how raw values become columns.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const fromRawCodec: t.Type<FromRaw, unknown> = new t.Type(
  "how a raw value becomes a column",
  (value): value is FromRaw => typeof value === "object" && value !== null && "kind" in value,
  (input, context) =>
    pipe(
      written.validate(input, context),
      E.chain((from) => {
        try {
          return t.success(read(from));
        } catch (cause) {
          if (!(cause instanceof InvalidArgument || cause instanceof ShapeMismatch)) throw cause;
          return t.failure(input, context, cause.message.replaceAll("\n", ", "));
        }
      }),
    ),
  (from) => written.encode(write(from)),
);
