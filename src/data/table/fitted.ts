import type { Vocabulary } from "../vocabulary.ts";
import type { PartOfDate } from "./dates.ts";

/** What a fitted field has beside its type. */
interface AnyFitted {
  readonly field: string;
  readonly missing: readonly string[];
  readonly flag: boolean;
}

/** What is subtracted from each number of a field, and what it is divided by then. */
export interface FieldScaling {
  readonly shift: readonly number[];
  readonly scale: readonly number[];
}

export interface FittedNumber extends AnyFitted {
  readonly type: "number" | "integer";
  readonly decimal: "." | ",";
  readonly fill: number | undefined;
  readonly scaling: FieldScaling | undefined;
}

export interface FittedBoolean extends AnyFitted {
  readonly type: "boolean";
  readonly true: readonly string[];
  readonly false: readonly string[];
  readonly fill: number | undefined;
}

export interface FittedCategory extends AnyFitted {
  readonly type: "category";
  readonly classes: readonly string[];
  readonly unseen: "refuse" | "other";
  readonly fill: string | undefined;
}

export interface FittedDate extends AnyFitted {
  readonly type: "date";
  readonly formats: readonly string[];
  readonly parts: readonly PartOfDate[];
  /** Milliseconds since 1970. */
  readonly fill: number | undefined;
  readonly scaling: FieldScaling | undefined;
}

export interface FittedText extends AnyFitted {
  readonly type: "text";
  readonly as: "tokens" | "counts" | "tfidf";
  readonly length: number;
  readonly vocabulary: Vocabulary;
  /** The weight of each word of `tfidf`; empty otherwise. */
  readonly weights: readonly number[];
  readonly fill: string | undefined;
}

/** A field with all that was fitted on the training rows. It is data, so that a file can hold it. */
export type FittedField = FittedNumber | FittedBoolean | FittedCategory | FittedDate | FittedText;

/** How the fields of a row become one column. */
export interface FromFields {
  readonly kind: "fields";
  /** Whether it is a single field, which becomes a scalar or tokens, or a list, which becomes a vector. */
  readonly single: boolean;
  readonly fields: readonly FittedField[];
}
