import { InvalidArgument } from "../../errors.ts";
import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import { finite, positive, shown, wholeTo } from "../../tensor/validate.ts";
import type { Fit } from "../pictures/resize.ts";
import type { Preprocessor } from "../preprocess/preprocess.ts";
import { type FittedStage, stageOf } from "../preprocess/stages.ts";
import { checkMel } from "../sound/mel.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { checkSplit, type SplitText } from "./generation.ts";
import { preparedType, widthOf } from "./preparedType.ts";
import {
  type Feature,
  type FromPicture,
  type FromRaw,
  type FromRecords,
  type FromSound,
  type FromStages,
  type FromText,
  firstOf,
} from "./raw.ts";

/** The maximum extent of a picture, of a text and of records. */
const most = 2 ** 16;
const counting = wholeTo(1, most);

/** The options of {@link fromPicture}. */
export interface PictureOptions {
  readonly width: number;
  readonly height: number;
  /** 1 for gray, 3 for red, green and blue, 4 for these and the opacity. Defaults to 3. */
  readonly channels?: 1 | 3 | 4;
  /**
   * What becomes of the opacity, unless it is kept as the fourth channel: the background shows through (`composite`), or it is
   * left out (`drop`). Defaults to `composite`.
   */
  readonly alpha?: "composite" | "drop";
  /**
   * What becomes of a picture of another size: it is refused (`exact`), stretched, cut around its middle (`cover`), or whole
   * in the middle of the background (`contain`). Defaults to `exact`.
   */
  readonly fit?: "exact" | Fit;
  /** What shows through where the picture is not opaque, from 0 for black to 1 for white. Defaults to 1. */
  readonly background?: number;
  /** Whether dark becomes 1 and light 0, as for ink on paper. Defaults to false. */
  readonly inverted?: boolean;
  /** The shape of the column. Defaults to `[height, width, channels]`. */
  readonly shape?: Shape;
}

/**
 * Describes how a picture becomes a column of numbers from 0 to 1.
 *
 * **Math** `background · (1 - opacity) + opacity · value / 255`; gray is 0.299 red + 0.587 green + 0.114 blue. A picture of
 * another size is resampled with a triangle as wide as two pixels, of the larger ones.
 * **Shapes** a picture `→ [height, width, channels]`, or `shape`.
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range, or `shape` has another number of elements.
 * **Source** ITU-R BT.601, section 2.5.1: the weights of gray.
 */
export const fromPicture = ({
  width,
  height,
  channels = 3,
  background = 1,
  inverted = false,
  alpha = "composite",
  fit = "exact",
  shape = [height, width, channels],
}: PictureOptions): FromPicture => {
  const refuse = (argument: string, expected: string, actual: unknown): never => {
    throw new InvalidArgument({ op: "fromPicture", argument, expected, actual: String(actual) });
  };
  counting("fromPicture", { width, height });
  if (![1, 3, 4].includes(channels)) refuse("channels", "1, 3 or 4", channels);
  if (!["composite", "drop"].includes(alpha)) refuse("alpha", "composite or drop", alpha);
  if (!["exact", "stretch", "cover", "contain"].includes(fit))
    refuse("fit", "exact, stretch, cover or contain", fit);
  if (!(background >= 0 && background <= 1))
    refuse("background", "a number from 0 to 1", background);
  const size = width * height * channels;
  if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0) || sizeOf(shape) !== size)
    refuse("shape", `a shape of ${size} elements`, showShape(shape));
  return { kind: "picture", width, height, channels, alpha, fit, background, inverted, shape };
};

/** The options of {@link fromSound}. */
export interface SoundOptions {
  /** The samples for one second. */
  readonly sampleRate: number;
  /** The number of time steps of the column, one for each hop. */
  readonly frames: number;
  /** Whether sound of another rate is resampled, see `resample`, or refused. Defaults to `false`. */
  readonly resampled?: boolean;
  /** The number of samples of a window, a power of 2. Defaults to 256. */
  readonly window?: number;
  /** The number of samples from one window to the next. Defaults to half of a window. */
  readonly hop?: number;
  /** The number of bands of frequencies, each about as wide to the ear as the next. Defaults to 40. */
  readonly mels?: number;
  /** The lowest frequency, in Hz. Defaults to 0. */
  readonly low?: number;
  /** The highest frequency, in Hz. Defaults to half of the sample rate. */
  readonly high?: number;
  /** How many decibels below the loudest counts as silence. Defaults to 50. */
  readonly range?: number;
}

/**
 * Describes how sound becomes a column: how loud it is by mels over time, see `melSpectrogram`, from 0 for silence to 1 for its
 * loudest moment and mel, whatever its volume. Several channels become their mean.
 *
 * **Math** `max(0, 1 + 10 log₁₀(e / max e) / range)` of the energies `e`.
 * **Shapes** sound of n samples `→ [frames, mels]`, of which the first `1 + ⌊n / hop⌋` are of the sound, and the others 0.
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range. Sound that is empty, too long, of another rate
 * or not finite is refused when it comes.
 */
export const fromSound = ({
  sampleRate,
  frames,
  resampled = false,
  window = 256,
  hop = Math.max(1, Math.floor(window / 2)),
  mels = 40,
  low = 0,
  high = sampleRate / 2,
  range = 50,
}: SoundOptions): FromSound => {
  const op = "fromSound";
  counting(op, { frames });
  checkMel(op, { sampleRate, window, hop, mels, low, high });
  finite(op, { range });
  positive(op, { range });
  return {
    ...{ kind: "sound", sampleRate, resampled, frames, window, hop, mels, low, high, range },
  };
};

/** The options of {@link fromText}. */
export interface TextInputOptions {
  readonly vocabulary: Vocabulary;
  /** The number of tokens of the column. */
  readonly length: number;
  /**
   * How a text becomes tokens: the words of `tokenizeWords`, its characters, items with commas or blanks between them, or
   * the parts of words of `learnSubwords`. Defaults to `"words"`.
   */
  readonly split?: SplitText;
  /** The number that fills up short texts. Defaults to 0. */
  readonly padding?: number;
  /** What becomes of texts with more tokens: they are `cut`, or `refused` as a `SequenceTooLong`. Defaults to `cut`. */
  readonly longer?: "cut" | "refused";
  /**
   * The name of another column of which each token belongs to one of this, in the same order: a row in which they differ in
   * number is refused, and both may have none. `padding` is then no number of a token. Defaults to no column.
   */
  readonly beside?: string | undefined;
}

/**
 * Describes how a text becomes a column of token numbers. A text is refused when it comes, as an `UnknownToken`, where the
 * vocabulary has no token for unknown ones and lacks one of the text; and where it has one, but none of the words, items or
 * parts of words that are read is in it. Of characters none of the letters and digits is; other characters count only in a text
 * without these, since blanks and marks are in every script.
 *
 * **Shapes** a text `→ [length]` of i32.
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range, or `split` or `longer` has another name; or where
 * a column is `beside` another, and `padding` is the number of a token.
 */
export const fromText = ({
  vocabulary,
  length,
  split = "words",
  padding = 0,
  longer = "cut",
  beside,
}: TextInputOptions): FromText => {
  counting("fromText", { length });
  checkSplit("fromText", split);
  if (longer !== "cut" && longer !== "refused")
    throw new InvalidArgument({
      ...{ op: "fromText", argument: "longer", expected: '"cut" or "refused"' },
      actual: shown(longer),
    });
  wholeTo(0, 2 ** 31 - 1)("fromText", { padding });
  if (beside !== undefined && padding < vocabulary.size)
    throw new InvalidArgument({
      ...{ op: "fromText", argument: "padding", actual: `${padding}, the number of a token` },
      expected: `${vocabulary.size} or more, since tokens are counted where a column is \`beside\` another`,
    });
  const plain = { kind: "text", split, vocabulary, length, padding, longer } as const;
  return beside === undefined ? plain : { ...plain, beside };
};

/** The name of a field that is a number, or a {@link Feature} of any field. */
export type FeatureOf = string | Feature;

const featuresOf = (op: string, features: readonly FeatureOf[]): readonly Feature[] => {
  counting(op, { features: features.length });
  return features.map((feature) =>
    typeof feature === "string" ? { field: feature, as: "number" } : feature,
  );
};

const scalingOf = (
  op: string,
  features: readonly Feature[],
  scaler: Preprocessor<string> | undefined,
): FromRecords["scaling"] => {
  if (scaler === undefined) return undefined;
  const { shift, scale } = scaler;
  const width = features.reduce((n, feature) => n + widthOf(feature), 0);
  if (shift.size !== 1 && shift.size !== width)
    throw new InvalidArgument({
      op,
      argument: "scaler",
      expected: `one that was fitted on ${width} features`,
      actual: `one of ${shift.size}`,
    });
  return { shift, scale };
};

/**
 * Describes how a record, such as a line of a table, becomes a column: one number for each field, then scaled as the
 * training data was.
 *
 * **Shapes** a record `→ [features]`, where a class has as many as there are classes.
 * **Fails with** `InvalidArgument`, thrown, where there are no features, or a scaler of another number of them.
 */
export const fromRecord = (
  features: readonly FeatureOf[],
  scaler?: Preprocessor<string>,
): FromRecords => {
  const all = featuresOf("fromRecord", features);
  return {
    kind: "records",
    rows: undefined,
    features: all,
    scaling: scalingOf("fromRecord", all, scaler),
  };
};

/**
 * Describes how consecutive records, such as the last days, become a column.
 *
 * **Shapes** `rows` records `→ [rows, features]`.
 * **Fails with** as {@link fromRecord}; `InvalidArgument`, thrown, where `rows` is not a whole number above 0.
 */
export const fromRecords = (
  rows: number,
  features: readonly FeatureOf[],
  scaler?: Preprocessor<string>,
): FromRecords => {
  counting("fromRecords", { rows });
  const all = featuresOf("fromRecords", features);
  return { kind: "records", rows, features: all, scaling: scalingOf("fromRecords", all, scaler) };
};

/**
 * Describes how a raw value becomes a column that then goes through fitted stages, as the column of the training data did.
 *
 * **Fails with** `ShapeMismatch`, thrown, where a stage was fitted on columns of another size.
 */
export const afterwards = (
  from: FromRaw,
  ...fitted: readonly (FittedStage | Preprocessor<string>)[]
): FromStages => {
  const before = from.kind === "stages" ? from.stages : [];
  const made: FromStages = {
    kind: "stages",
    from: firstOf(from),
    stages: [...before, ...fitted.map(stageOf)],
  };
  preparedType(made);
  return made;
};
