/** Phrases that several errors share. */

export const shape = (s: readonly number[]): string => `[${s.join(", ")}]`;

export const inLayer = (path: readonly string[]): { readonly where?: string } =>
  path.length === 0 ? {} : { where: `in ${path.join(".")}` };

export const oneOf = (names: readonly string[]): string =>
  names.length === 0 ? "there are none" : `one of ${names.join(", ")}`;

export const several = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** A row as people count, from 1: that of a place, which counts from 0. */
export const rowAt = (place: number): string => `row ${place + 1}`;

/** A text of a row that a finished model is asked about: its column, its row, counted from 0, and what it is split into. */
export interface AskedText {
  readonly column: string;
  readonly row?: number;
  readonly unit: "word" | "character" | "item" | "token";
}

/**
 * The tokens by which a text is judged: all words or items; parts of words that are not blank; of characters those with a
 * letter or a digit, or else marks, or else blanks.
 */
export type JudgedBy =
  | Exclude<AskedText["unit"], "character">
  | "letter or digit"
  | "mark"
  | "blank";

export const inAsked = ({ column, row }: AskedText): string =>
  [...(row === undefined ? [] : [rowAt(row)]), `column "${column}"`].join(", ");

/** A count as text: all digits if they are exact, and scientific notation otherwise. */
export const count = (n: number): string =>
  Number.isSafeInteger(n) ? String(n) : n.toExponential(3);

export const indent = (text: string): string => text.replaceAll(/^/gm, "  ");
