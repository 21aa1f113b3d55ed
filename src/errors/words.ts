/** Words that errors have in common. */

export const shape = (s: readonly number[]): string => `[${s.join(", ")}]`;

export const inLayer = (path: readonly string[]): { readonly where?: string } =>
  path.length === 0 ? {} : { where: `in ${path.join(".")}` };

export const oneOf = (names: readonly string[]): string =>
  names.length === 0 ? "there are none" : `one of ${names.join(", ")}`;

export const several = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** A number of things: in digits as far as they are exact. */
export const count = (n: number): string =>
  Number.isSafeInteger(n) ? String(n) : n.toExponential(3);

export const indent = (text: string): string => text.replaceAll(/^/gm, "  ");

/** Each text once, in the order of its first occurrence, with how often it occurs where that is more than once. */
export const counted = (texts: readonly string[]): readonly string[] =>
  [...new Set(texts)].map((text) => {
    const times = texts.filter((other) => other === text).length;
    return times === 1 ? text : `(${times} times) ${text}`;
  });
