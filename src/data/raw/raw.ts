import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Fit } from "../pictures/resize.ts";
import type { Stage } from "../preprocess/stages.ts";
import type { Sound } from "../sound/wav.ts";
import type { Cell } from "../table/cells.ts";
import type { FromFields } from "../table/fitted.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { SplitText } from "./generation.ts";

/**
 * How raw values become columns of rows. A source gives these beside its data, with what was fitted on the training
 * data: then a model can be asked about a picture, a text or a record, as users have them. They are data, so that a
 * file can hold them.
 */

/** An image of red, green, blue and opacity, one byte each, row by row, such as the `ImageData` of a canvas. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** A record, such as a row of a table: numbers, truths, or texts that are numbers, classes or dates. */
export interface Fields {
  readonly [field: string]: Cell;
}

/** What users have, before it is a tensor. */
export type Raw = string | Picture | Sound | Fields | readonly Fields[];

/** A picture becomes numbers from 0 to 1. See {@link fromPicture}. */
export interface FromPicture {
  readonly kind: "picture";
  readonly width: number;
  readonly height: number;
  /** 1 for gray, 3 for red, green and blue, 4 for these and the opacity. */
  readonly channels: 1 | 3 | 4;
  /** What becomes of the opacity: the background shows through, or nothing does. Four channels keep it. */
  readonly alpha: "composite" | "drop";
  /** What becomes of a picture of another size: it is refused, stretched, cut around its middle, or framed. */
  readonly fit: "exact" | Fit;
  /** What shows through where the picture is not opaque: 0 for black, 1 for white. */
  readonly background: number;
  /** Whether dark becomes 1 and light 0. */
  readonly inverted: boolean;
  /** The shape of the column. */
  readonly shape: Shape;
}

/** Sound becomes how loud it is by mels over time. See {@link fromSound}. */
export interface FromSound {
  readonly kind: "sound";
  readonly sampleRate: number;
  /** Whether sound of another rate is resampled, and not refused. */
  readonly resampled: boolean;
  /** The number of time steps. Shorter sound is followed by silence, longer sound refused. */
  readonly frames: number;
  readonly window: number;
  readonly hop: number;
  readonly mels: number;
  readonly low: number;
  readonly high: number;
  /** The decibels from silence, 0, to the loudest, 1. */
  readonly range: number;
}

/** A text becomes the numbers of its tokens. See {@link fromText}. */
export interface FromText {
  readonly kind: "text";
  readonly split: SplitText;
  readonly vocabulary: Vocabulary;
  /** The number of tokens. Shorter texts are padded. */
  readonly length: number;
  readonly padding: number;
  /** What becomes of longer texts. */
  readonly longer: "cut" | "refused";
  /** The column of a text with as many tokens. */
  readonly beside?: string;
}

/**
 * A number of a record: as it is, as `log(1 + x)`, or a date as the sine or the cosine of its place in the year; or a
 * class, as a one in the place of the class and zeros elsewhere.
 */
export type Feature =
  | { readonly field: string; readonly as: "number" | "log1p" | "yearSine" | "yearCosine" }
  | { readonly field: string; readonly classes: readonly string[] };

/** Records become numbers. See {@link fromRecord} and {@link fromRecords}. */
export interface FromRecords {
  readonly kind: "records";
  /** The number of records; `undefined` for a single one, without an axis of its own. */
  readonly rows: number | undefined;
  readonly features: readonly Feature[];
  /** What is subtracted from each feature, and what it is divided by then. */
  readonly scaling: { readonly shift: Tensor; readonly scale: Tensor } | undefined;
}

/** How a raw value becomes a column, before what was fitted on columns. */
export type FromOne = FromPicture | FromSound | FromText | FromRecords | FromFields;

/** A column that goes through fitted stages. See `afterwards`. */
export interface FromStages {
  readonly kind: "stages";
  readonly from: FromOne;
  readonly stages: readonly Stage[];
}

/** How a raw value becomes a column. */
export type FromRaw = FromOne | FromStages;

/** How a raw value becomes a column, without the stages after it. */
export const firstOf = (from: FromRaw): FromOne => (from.kind === "stages" ? from.from : from);
