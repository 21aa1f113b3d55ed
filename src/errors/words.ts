/** Phrases that several errors share. */

export const shape = (s: readonly number[]): string => `[${s.join(", ")}]`;

export const inLayer = (path: readonly string[]): { readonly where?: string } =>
  path.length === 0 ? {} : { where: `in ${path.join(".")}` };

export const oneOf = (names: readonly string[]): string =>
  names.length === 0 ? "there are none" : `one of ${names.join(", ")}`;

export const several = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** A row as people count, from 1: that of a place, which counts from 0. */
export const rowAt = (place: number): string => `row ${place + 1}`;

/** A count as text: all digits if they are exact, and scientific notation otherwise. */
export const count = (n: number): string =>
  Number.isSafeInteger(n) ? String(n) : n.toExponential(3);

export const indent = (text: string): string => text.replaceAll(/^/gm, "  ");
