/** The documented initial values of parts that many layers have, by the paths of their params. */

import { all, type Beginning, within } from "./initials.ts";

export type ByPath = { readonly [path: string]: Beginning };

/** Uniform over ±1/√inputs. */
export const fanIn = (inputs: number): Beginning => within(1 / Math.sqrt(inputs));
export const affine = (inputs: number, path = ""): ByPath => ({
  [`${path}weight`]: fanIn(inputs),
  [`${path}bias`]: fanIn(inputs),
});
/** Weights of Glorot's uniform distribution, and biases of 0. */
export const glorot = (inputs: number, outputs: number, path: string): ByPath => ({
  [`${path}.weight`]: within(Math.sqrt(6 / (inputs + outputs))),
  [`${path}.bias`]: all(0),
});
export const attention = (width: number, path = "", keyValue = width, memory = width): ByPath => ({
  ...glorot(width, width, `${path}query`),
  ...glorot(memory, keyValue, `${path}key`),
  ...glorot(memory, keyValue, `${path}value`),
  ...glorot(width, width, `${path}output`),
});
export const norm = (path = ""): ByPath => ({
  [`${path}scale`]: all(1),
  [`${path}offset`]: all(0),
});
export const cell = (hidden: number, path: string): ByPath =>
  Object.fromEntries(
    ["inputWeight", "hiddenWeight", "inputBias", "hiddenBias"].map((name) => [
      `${path}.${name}`,
      fanIn(hidden),
    ]),
  );
export const feed = (width: number, hidden: number, path = ""): ByPath => ({
  ...affine(width, `${path}up.`),
  ...affine(hidden, `${path}down.`),
});
export const encoder = (width: number, hidden: number, path = ""): ByPath => ({
  ...attention(width, `${path}attention.`),
  ...norm(`${path}attentionNorm.`),
  ...feed(width, hidden, `${path}feedForward.`),
  ...norm(`${path}feedForwardNorm.`),
});
export const decoder = (width: number, hidden: number, path = ""): ByPath => ({
  ...encoder(width, hidden, path),
  ...attention(width, `${path}cross.`),
  ...norm(`${path}crossNorm.`),
});
