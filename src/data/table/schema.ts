import type { Tensor } from "../../tensor/tensor.ts";
import type { DatePart } from "./dates.ts";

/** What every field of a table has. */
interface AnyField {
  /** The name of the field: the column of the file. */
  readonly field: string;
  /** The texts that mean that a value is missing. Defaults to those of the schema. */
  readonly missing?: readonly string[];
  /** Whether a number is added that is 1 where the value is missing and 0 elsewhere. Defaults to `false`. */
  readonly flag?: boolean;
}

/** A value that stands for missing ones. */
export interface Constant<A> {
  readonly constant: A;
}

/**
 * How numbers are scaled: `standard` to mean 0 and deviation 1, `minMax` to 0 and 1, `robust` by the median and the distance
 * of the quartiles.
 */
export type FieldScale = "standard" | "minMax" | "robust";

/** A number, or a whole one. */
export interface NumberField extends AnyField {
  readonly type: "number" | "integer";
  /** What stands before the fraction. Defaults to `"."`. */
  readonly decimal?: "." | ",";
  /** What stands for missing values: a statistic of the training rows, or a constant. Without it they are refused. */
  readonly fill?: "mean" | "median" | "mostFrequent" | Constant<number>;
  /**
   * How numbers are scaled by the training rows. Statistics are those of the values that are there. A model that learns to
   * predict a scaled field answers with scaled numbers. Defaults to not at all.
   */
  readonly scale?: FieldScale;
}

/** A truth: 1 or 0. */
export interface BooleanField extends AnyField {
  readonly type: "boolean";
  /** The texts that mean true, in any case. Defaults to true, yes, t, y and 1. */
  readonly true?: readonly string[];
  /** The texts that mean false, in any case. Defaults to false, no, f, n and 0. */
  readonly false?: readonly string[];
  readonly fill?: "mostFrequent" | Constant<boolean>;
}

/** One of some names. In a list of fields it becomes a one in its place, and alone its number. */
export interface CategoryField extends AnyField {
  readonly type: "category";
  /** The names, in order. Defaults to those of the training rows, in the order of code units. */
  readonly classes?: readonly string[];
  /** What becomes of a name that is none of the classes: an error, or a class of its own, the last. Defaults to `refuse`. */
  readonly unseen?: "refuse" | "other";
  readonly fill?: "mostFrequent" | Constant<string>;
}

/** A date, with or without a time, in UTC. */
export interface DateField extends AnyField {
  readonly type: "date";
  /** Its possible formats, tried in order: see `YYYY-MM-DD`, `D.M.YY HH:mm`, `MMM D, YYYY`. Defaults to `YYYY-MM-DD`. */
  readonly formats?: readonly string[];
  /**
   * What it becomes: parts as numbers, or as the sine and the cosine of the place in their period. `days` counts from 1970.
   */
  readonly parts: readonly (DatePart | { readonly cyclic: DatePart })[];
  readonly fill?: "median" | "mostFrequent" | Constant<string>;
  readonly scale?: FieldScale;
}

/** A text: the numbers of its words, or a vector of how often each occurs. */
export interface TextField extends AnyField {
  readonly type: "text";
  /**
   * `tokens` are the numbers of the words, for a field that is alone; `counts` and `tfidf` have a number for each word of
   * the training rows. Defaults to `tokens` for a field alone, and to `tfidf` in a list.
   */
  readonly as?: "tokens" | "counts" | "tfidf";
  /** The number of tokens: shorter texts are filled up with 0, longer ones cut. */
  readonly length?: number;
  /** The maximum number of words, the most frequent ones. Defaults to 1000. */
  readonly limit?: number;
  /** The minimum number of training rows that a word occurs in. Defaults to 1. */
  readonly minCount?: number;
  readonly fill?: Constant<string>;
}

/** How a field of a table becomes numbers. */
export type Field = NumberField | BooleanField | CategoryField | DateField | TextField;

/** A field, or the name of one that is a number. */
export type FieldOf = string | Field;

/**
 * What the rows of a file are: the columns of a dataset by name. A list of fields becomes a vector of f32. A field alone
 * becomes a scalar: a number of f32, an integer, a class or a truth of i32; a date alone is a vector, and a text the i32
 * numbers of its words.
 */
export interface RecordSchema {
  /** The texts that mean that a value is missing, in every field. Defaults to the empty one. */
  readonly missing?: readonly string[];
  readonly columns: { readonly [column: string]: FieldOf | readonly FieldOf[] };
}

/** The rows that a schema makes. */
export type RowOfSchema<S extends RecordSchema> = {
  readonly [C in keyof S["columns"]]: S["columns"][C] extends
    | readonly FieldOf[]
    | { readonly type: "date" | "text" }
    ? Tensor<readonly [number]>
    : Tensor<readonly []>;
};
