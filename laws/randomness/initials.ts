import * as fc from "fast-check";
import { open } from "../../src/nn/apply.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { foldIn, key } from "../../src/tensor/key.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { type Law, law } from "../law.ts";
import { tensorsByPath } from "../networks/knownLayers.ts";

/** The documented initial values of a leaf of params or state. */
export type Beginning =
  | { readonly kind: "all"; readonly value: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** Computed from other leaves; other tests check it. */
  | { readonly kind: "derived" };

export const all = (value: number): Beginning => ({ kind: "all", value });
/** Uniform from `-bound` to `bound`. */
export const within = (bound: number): Beginning => ({ kind: "uniform", bound });
/** Normal with mean 0. */
export const deviating = (deviation: number): Beginning => ({ kind: "normal", deviation });
export const derived: Beginning = { kind: "derived" };

/** The initial values of each leaf: by path, or one rule for many leaves, by path and shape. */
export type Beginnings =
  | { readonly [path: string]: Beginning }
  | ((path: string, shape: Shape) => Beginning | undefined);

/** A layer, and the documented initial values of each leaf of its params and state. */
export interface InitialCase {
  readonly layer: Composable;
  readonly params?: Beginnings;
  readonly state?: Beginnings;
}

/** The documented initial values of every layer of a module. A layer without any does not compile. */
export type InitialTable<Module> = { readonly [Name in keyof Module]: InitialCase };

const enough = 1200;

/** A leaf of a layer: its numbers from several keys, and its documented initial values. */
interface Begun {
  readonly path: string;
  readonly numbers: readonly number[];
  readonly beginning: Beginning | undefined;
}

const saidOf = (said: Beginnings, path: string, shape: Shape): Beginning | undefined =>
  typeof said === "function" ? said(path, shape) : said[path];

const isDrawn = (beginning: Beginning | undefined): boolean =>
  beginning?.kind === "uniform" || beginning?.kind === "normal";

/** The documented initial values of params and state. */
const partsOf = ({ params = {}, state = {} }: InitialCase) =>
  [
    ["params", params],
    ["state", state],
  ] as const;

const begunBy = (layer: Composable, part: "params" | "state", said: Beginnings, seed: number) => {
  const leavesOf = (n: number) => tensorsByPath(open(layer).init(foldIn(key(seed), n))[part]);
  const begun = leavesOf(0).map(([path, leaf]) => ({
    path,
    beginning: saidOf(said, path, leaf.shape),
    numbers: [] as number[],
    size: sizeOf(leaf.shape),
  }));
  const least = begun.reduce(
    (n, { beginning, size }) => (isDrawn(beginning) ? Math.min(n, size) : n),
    enough,
  );
  for (let n = 0; n * least < enough; n++)
    for (const [i, [, leaf]] of leavesOf(n).entries()) {
      const own = begun[i]?.numbers ?? [];
      // Values that are not read are not drawn.
      if (own.length < enough) for (const v of leaf.toTypedArray()) own.push(v);
    }
  return begun satisfies readonly Begun[];
};

/** The reason why some numbers are no sample of a distribution, at five standard errors; `undefined` if they may be. */
const unlike = (xs: readonly number[], beginning: Beginning): string | undefined => {
  if (beginning.kind === "derived") return undefined;
  if (beginning.kind === "all") {
    const other = xs.find((x) => x !== beginning.value);
    return other === undefined ? undefined : `is ${other}, not ${beginning.value}`;
  }
  const uniform = beginning.kind === "uniform";
  const deviation = uniform ? beginning.bound / Math.sqrt(3) : beginning.deviation;
  const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
  const second = xs.reduce((a, b) => a + b ** 2, 0) / xs.length;
  const fourth = xs.reduce((a, b) => a + b ** 4, 0) / xs.length;
  const greatest = xs.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const ratio = second / deviation ** 2;
  if (Math.abs(mean) > (5 * deviation) / Math.sqrt(xs.length)) return `has the mean ${mean}`;
  if (Math.abs(ratio - 1) > 5 * Math.sqrt((uniform ? 0.8 : 2) / xs.length))
    return `has ${ratio} of the variance ${deviation ** 2}`;
  if (uniform && greatest > beginning.bound * (1 + 1e-6)) return `reaches ${greatest}`;
  // The fourth moment is 1.8 times the square of the second for uniform numbers, and 3 times for normal ones.
  return fourth / second ** 2 < 2.4 === uniform ? undefined : `is not ${beginning.kind}`;
};

/** `init` draws each leaf from its documented distribution. */
export const initialDistributions: Law<InitialCase> = law(
  "initial values",
  "each leaf of init(key) has the moments and bounds of its documented distribution",
  (subject: InitialCase) => ({
    given: fc.nat(),
    breach: (seed) => {
      for (const [part, said] of partsOf(subject)) {
        const begun = begunBy(subject.layer, part, said, seed);
        const paths = begun.map(({ path }) => path);
        const missing = begun.find(({ beginning }) => beginning === undefined);
        if (missing !== undefined)
          return `nothing is documented for ${missing.path}, one of ${paths}`;
        const strange = Object.keys(said).find((path) => !paths.includes(path));
        if (strange !== undefined) return `there is no leaf ${strange}, only ${paths}`;
        for (const { path, numbers, beginning = derived } of begun) {
          const reason = unlike(numbers, beginning);
          if (reason !== undefined) return `${path} ${reason}`;
        }
      }
      return undefined;
    },
  }),
);

/** No two draws of `init` use the same key. */
export const initialKeys: Law<InitialCase> = law(
  "keys of initial values",
  "no leaf of init(key), and no part of one, repeats what another has drawn",
  (subject: InitialCase) => ({
    given: fc.nat(),
    breach: (seed) => {
      const made = open(subject.layer).init(key(seed));
      const seen = new Map<string, string>();
      for (const [part, said] of partsOf(subject))
        for (const [path, leaf] of tensorsByPath(made[part])) {
          const how = saidOf(said, path, leaf.shape);
          if (how?.kind !== "uniform" && how?.kind !== "normal") continue;
          const unit = how.kind === "uniform" ? how.bound : how.deviation;
          // Draws from the same key are equal, apart from their scale.
          const xs = Array.from(leaf.toTypedArray(), (x) => Math.round((x / unit) * 1e5));
          for (let i = 0; i + 2 < xs.length && i < enough; i++) {
            const three = `${how.kind} ${xs.slice(i, i + 3)}`;
            const before = seen.get(three);
            if (before !== undefined) return `${path} at ${i} draws what ${before} has drawn`;
            seen.set(three, `${path} at ${i}`);
          }
        }
      return undefined;
    },
  }),
);

export const initialLaws: readonly Law<InitialCase>[] = [initialDistributions, initialKeys];
