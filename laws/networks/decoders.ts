import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import type { Continuation } from "../../src/nn/generate/decoder.ts";
import type { Logits } from "../../src/nn/generate/sampling.ts";
import type { Span } from "../../src/nn/generate/search.ts";
import { type Key, key } from "../../src/tensor/key.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";

/** The result of a decoder: sequences, best first, or the tag and position of its refusal. */
export type Decoded =
  | { readonly sequences: readonly (readonly number[])[] }
  | { readonly refused: string; readonly position?: number };

/** A way of generating sequences from the logits of each step. */
export interface Decoder {
  readonly name: string;
  readonly decode: (model: Continuation<number>, span: Span, key: Key) => Decoded;
}

/** A model with fixed logits for each step, whatever its input. One step may define no distribution. */
interface Script {
  readonly from: readonly number[];
  readonly steps: readonly (readonly number[])[];
  /** The step without a distribution. Defaults to none. */
  readonly bad?: number;
  readonly until?: number;
  readonly seed: number;
}

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const logit = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -20, max: 20 }).map((k) => k / 4) },
  { weight: 1, arbitrary: fc.constantFrom(-infinity, -3e38, 3e38) },
);

/** Logits that define a distribution: at least one is finite. */
const good = (vocabulary: number): fc.Arbitrary<readonly number[]> =>
  fc
    .tuple(
      fc.array(logit, { minLength: vocabulary, maxLength: vocabulary }),
      fc.nat(vocabulary - 1),
      fc.integer({ min: -4, max: 4 }),
    )
    .map(([all, at, finite]) => all.with(at, finite));

/** Logits that define no distribution: one is NaN or ∞, or all are -∞. */
const bad = (vocabulary: number): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    fc.constant(new Array<number>(vocabulary).fill(-infinity)),
    fc
      .tuple(good(vocabulary), fc.nat(vocabulary - 1), fc.constantFrom(nan, nan, infinity))
      .map(([all, at, value]) => all.with(at, value)),
  );

const scripts: fc.Arbitrary<Script> = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([vocabulary, length]) => {
    const token = fc.nat(vocabulary - 1);
    return record({
      from: fc.array(token, { minLength: 1, maxLength: 3 }),
      steps: fc.array(good(vocabulary), { minLength: length, maxLength: length }),
      fault: fc.option(fc.tuple(fc.nat(length - 1), bad(vocabulary)), { nil: undefined }),
      until: fc.option(token, { nil: undefined }),
      seed: fc.nat(),
    });
  })
  .map(({ from, steps, fault, until, seed }) => ({
    ...{ from, seed, steps: fault === undefined ? steps : steps.with(...fault) },
    ...(fault === undefined ? {} : { bad: fault[0] }),
    ...(until === undefined ? {} : { until }),
  }));

/** The model of a script; its state is the number of tokens so far. */
const modelOf = ({ from, steps }: Script): Continuation<number> => ({
  name: "script",
  vocabulary: steps[0]?.length ?? 0,
  start: 0,
  next: (state) => {
    const step = Math.min(steps.length - 1, Math.max(0, state + 1 - from.length));
    const logits = steps[step] as readonly number[];
    const said = tensorOf([logits.length], "f32", logits) as Logits;
    return Effect.succeed({ logits: said, state: state + 1 });
  },
});

/**
 * A decoder refuses a step whose logits contain NaN or ∞, or are all -∞, with `NonFiniteLogits` and its position.
 * Otherwise it returns only tokens with a probability above 0.
 */
export const noInventedTokens: Law<Decoder> = law(
  "no invented tokens",
  "logits without a distribution at step t → NonFiniteLogits at t, or an end before t",
  ({ decode }: Decoder) => ({
    given: scripts,
    breach: (script: Script) => {
      const { from, steps, bad = steps.length, until } = script;
      const span = { from, length: steps.length, ...(until === undefined ? {} : { until }) };
      const made = decode(modelOf(script), span, key(script.seed));
      if ("refused" in made) {
        const expected = bad < steps.length && made.refused === "NonFiniteLogits";
        if (!expected) return `it is refused by ${made.refused}`;
        return made.position === from.length + bad
          ? undefined
          : `it is refused at ${made.position}, not ${from.length + bad}`;
      }
      const late = made.sequences.find((tokens) => bad < steps.length && tokens.length >= bad);
      if (late !== undefined) return `it says [${late}], where step ${bad} has no distribution`;
      const best = made.sequences[0] ?? [];
      const at = best.findIndex((token, t) => !((steps[t]?.[token] ?? nan) > -infinity));
      return at < 0 ? undefined : `it says [${best}], and token ${at} has probability 0`;
    },
  }),
);
