import type { TensorType } from "../../ir/expr.ts";
import type { Storage } from "../../tensor/dtype.ts";
import { tokenizeWords } from "../vocabulary.ts";
import { type Cell, cellText } from "./cells.ts";
import { datePartsOf, dateReader } from "./dates.ts";
import type {
  FieldScaling,
  FittedCategory,
  FittedField,
  FittedText,
  FromFields,
} from "./fitted.ts";
import { cellReader, Wrong } from "./reading.ts";

/** Writes the numbers of a value, at a place. */
type Write = (value: number | string, into: Storage, at: number) => Wrong | undefined;

/** How a field is written: how many numbers it has, without its flag, and what writes them. */
interface Encoding {
  readonly width: number;
  readonly write: Write;
}

/** The numbers of a field of numbers or dates, scaled. */
const scaled = (
  width: number,
  scaling: FieldScaling | undefined,
  of: (value: number | string) => readonly number[],
): Encoding => ({
  width,
  write: (value, into, at) => {
    const numbers = of(value);
    for (let i = 0; i < width; i++) {
      const x = numbers[i] as number;
      into[at + i] =
        scaling === undefined ? x : (x - (scaling.shift[i] ?? 0)) / (scaling.scale[i] ?? 1);
    }
    return undefined;
  },
});

/** The names of the classes of a category, with the one of all others where there is one. */
export const classesOf = ({ classes, unseen }: FittedCategory): readonly string[] =>
  unseen === "other" ? [...classes, "other"] : classes;

const category = (of: FittedCategory, single: boolean): Encoding => {
  const places = new Map(of.classes.map((name, i) => [name, i]));
  const width = classesOf(of).length;
  return {
    width: single ? 1 : width,
    write: (value, into, at) => {
      const place = places.get(String(value)) ?? (of.unseen === "other" ? width - 1 : undefined);
      if (place === undefined)
        return new Wrong(
          `one of ${namesText(of.classes)}`,
          value,
          'correct the value, or declare unseen: "other"',
        );
      if (single) into[at] = place;
      else into[at + place] = 1;
      return undefined;
    },
  };
};

const namesText = (names: readonly string[]): string =>
  names.length <= 8
    ? names.map(cellText).join(", ")
    : `${names.slice(0, 8).map(cellText).join(", ")} and ${names.length - 8} more`;

/** How often each word of a text occurs, weighted and of length 1 for `tfidf`. */
const termsOf = ({ as, vocabulary, weights }: FittedText): Encoding => ({
  width: vocabulary.size,
  write: (value, into, at) => {
    for (const word of tokenizeWords(String(value))) {
      const place = vocabulary.indexOf(word);
      if (place !== undefined) into[at + place] = (into[at + place] as number) + 1;
    }
    if (as === "counts") return undefined;
    let square = 0;
    for (let i = 0; i < vocabulary.size; i++) {
      const x = (into[at + i] as number) * (weights[i] ?? 1);
      into[at + i] = x;
      square += x * x;
    }
    const length = Math.sqrt(square);
    if (length > 0)
      for (let i = 0; i < vocabulary.size; i++) into[at + i] = (into[at + i] as number) / length;
    return undefined;
  },
});

const tokensOf = ({ length, vocabulary }: FittedText): Encoding => ({
  width: length,
  write: (value, into, at) => {
    const words = tokenizeWords(String(value));
    for (let i = 0; i < Math.min(length, words.length); i++)
      into[at + i] = vocabulary.indexOf(words[i] as string) ?? 0;
    return undefined;
  },
});

const encodingOf = (of: FittedField, single: boolean): Encoding => {
  switch (of.type) {
    case "number":
    case "integer":
      return scaled(1, of.scaling, (value) => [value as number]);
    case "boolean":
      return scaled(1, undefined, (value) => [value as number]);
    case "category":
      return category(of, single);
    case "date": {
      const width = of.parts.reduce((n, { cyclic }) => n + (cyclic ? 2 : 1), 0);
      return scaled(width, of.scaling, (value) => datePartsOf(value as number, of.parts));
    }
    case "text":
      return of.as === "tokens" ? tokensOf(of) : termsOf(of);
  }
};

/** The number of numbers of a fitted field in a column, with its flag. */
const widthOf = (of: FittedField, single: boolean): number =>
  encodingOf(of, single).width + (of.flag ? 1 : 0);

/** The type of the column that the fields of a row become. */
export const fieldsType = ({ single, fields }: FromFields): TensorType => {
  const [first] = fields;
  const width = fields.reduce((n, of) => n + widthOf(of, single), 0);
  if (!single || first === undefined) return { shape: [width], dtype: "f32" };
  switch (first.type) {
    case "number":
      return { shape: [], dtype: "f32" };
    case "integer":
      return { shape: [], dtype: first.scaling === undefined ? "i32" : "f32" };
    case "boolean":
    case "category":
      return { shape: [], dtype: "i32" };
    case "date":
      return { shape: [width], dtype: "f32" };
    case "text":
      return { shape: [width], dtype: first.as === "tokens" ? "i32" : "f32" };
  }
};

/** A cell that is none of its field, with the name of the field. */
export interface WrongField {
  readonly field: string;
  readonly wrong: Wrong;
}

/** Writes the numbers of one row at a place of a column, and calls `report` for each cell that is wrong. */
export type WriteRow = (
  cells: (field: number) => Cell,
  into: Storage,
  at: number,
  report: (wrong: WrongField) => void,
) => void;

/** Makes the writer of a column. It writes into zeros. */
export const rowWriter = ({ single, fields }: FromFields): WriteRow => {
  const plans = fields.map((of) => {
    const encoding = encodingOf(of, single);
    const whole = single && of.type === "integer" && of.scaling === undefined;
    return {
      ...encoding,
      name: of.field,
      flag: of.flag,
      read: cellReader(of, of.missing),
      fill: of.fill,
      // Whole numbers beyond those of i32 would come out as others.
      limit: whole ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY,
    };
  });
  return (cells, into, start, report) => {
    let at = start;
    for (const [i, { name, flag, read, fill, limit, width, write }] of plans.entries()) {
      const cell = cells(i);
      const value = read(cell);
      const known = value ?? fill;
      const wrong =
        known instanceof Wrong
          ? known
          : known === undefined
            ? new Wrong("a value", cell, `declare fill for "${name}", or leave such rows out`)
            : typeof known === "number" && Math.abs(known) > limit
              ? new Wrong("a whole number of 32 bits", cell, 'declare the type "number"')
              : write(known, into, at);
      if (wrong !== undefined) report({ field: name, wrong });
      at += width;
      if (flag) into[at++] = value === undefined ? 1 : 0;
    }
  };
};

/** The time of a text by the first format that it has. */
export const timeBy = (formats: readonly string[], text: string): number | undefined =>
  formats.map((format) => dateReader(format)(text)).find((time) => time !== undefined);
