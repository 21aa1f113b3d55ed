import * as fc from "fast-check";
import { open } from "../../src/nn/apply.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { foldIn, key } from "../../src/tensor/key.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { type Law, law } from "../law.ts";
import { tensorsByPath } from "../networks/knownLayers.ts";

/** How a leaf of params or state is said to begin. */
export type Beginning =
  | { readonly kind: "all"; readonly value: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** A function of other leaves, which other tests hold. */
  | { readonly kind: "derived" };

export const all = (value: number): Beginning => ({ kind: "all", value });
/** Evenly from `-bound` to `bound`. */
export const within = (bound: number): Beginning => ({ kind: "uniform", bound });
/** Normal of mean 0. */
export const deviating = (deviation: number): Beginning => ({ kind: "normal", deviation });
export const derived: Beginning = { kind: "derived" };

/** How each leaf begins: by its path, or of many that are alike by path and shape. */
export type Beginnings =
  | { readonly [path: string]: Beginning }
  | ((path: string, shape: Shape) => Beginning | undefined);

/** A layer, and how each leaf of its params and state begins. */
export interface InitialCase {
  readonly layer: Composable;
  readonly params?: Beginnings;
  readonly state?: Beginnings;
}

/** The beginnings of every layer of a module: one without does not compile. */
export type InitialTable<Module> = { readonly [Name in keyof Module]: InitialCase };

const enough = 1200;

/** A leaf of a layer, the numbers of several first values of it, and how it is said to begin. */
interface Begun {
  readonly path: string;
  readonly numbers: readonly number[];
  readonly beginning: Beginning | undefined;
}

const saidOf = (said: Beginnings, path: string, shape: Shape): Beginning | undefined =>
  typeof said === "function" ? said(path, shape) : said[path];

const isDrawn = (beginning: Beginning | undefined): boolean =>
  beginning?.kind === "uniform" || beginning?.kind === "normal";

/** Of each part what is said of it. */
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
      // What is not read is not drawn.
      if (own.length < enough) for (const v of leaf.toTypedArray()) own.push(v);
    }
  return begun satisfies readonly Begun[];
};

/** Why some numbers are no draws of a distribution, at five of its deviations. */
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
  // The fourth moment is 1.8 squares of the second where numbers are spread evenly, and 3 where they are normal.
  return fourth / second ** 2 < 2.4 === uniform ? undefined : `is not ${beginning.kind}`;
};

/** 10: `init` draws each leaf from its documented distribution. */
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
        if (missing !== undefined) return `nothing is said of ${missing.path}, one of ${paths}`;
        const strange = Object.keys(said).find((path) => !paths.includes(path));
        if (strange !== undefined) return `there is no ${strange}, but ${paths}`;
        for (const { path, numbers, beginning = derived } of begun) {
          const reason = unlike(numbers, beginning);
          if (reason !== undefined) return `${path} ${reason}`;
        }
      }
      return undefined;
    },
  }),
);

/** 10: no two draws of `init` use the same key. */
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
          // Apart from its unit, a draw of one key is the same wherever it goes.
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
