import * as Effect from "effect/Effect";
import { EmptySequence, NonFiniteLogits } from "../../errors.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { categorical, foldIn, type Key } from "../../tensor/key.ts";
import { finite, passedOn, whole, wholeTo } from "../../tensor/validate.ts";
import type { Continuation, DecodeStep, DecodingFailure } from "./decoder.ts";
import {
  type Logits,
  likeliestOf,
  requireSampling,
  type Sampling,
  sampleToken,
} from "./sampling.ts";

/** The prompt, maximum length and stop token of a generated sequence. */
export interface Span {
  /** The prompt: the tokens to continue from, at least one. */
  readonly from: readonly number[];
  /** The maximum number of generated tokens. */
  readonly length: number;
  /** The stop token, which is not part of the result. Defaults to none. */
  readonly until?: number;
}

/** A logit that prevents a distribution: NaN, ∞, or -∞ if all are -∞. `undefined` if there is none. */
const noDistribution = (logits: ArrayLike<number>): number | undefined => {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i] as number;
    if (!(x < Number.POSITIVE_INFINITY)) return x;
    if (x > greatest) greatest = x;
  }
  return greatest === Number.NEGATIVE_INFINITY ? greatest : undefined;
};

/** Checks that the logits of a step define a distribution. **Fails with** `NonFiniteLogits`. */
const checkLogits = <S>(
  { name }: Continuation<S>,
  lastStep: DecodeStep<S>,
  position: number,
): Effect.Effect<void, NonFiniteLogits> => {
  const value = noDistribution(lastStep.logits.toTypedArray());
  return value === undefined
    ? Effect.void
    : Effect.fail(new NonFiniteLogits({ value, position, path: [name] }));
};

/** Checks the length and the end token of a continuation. **Fails with** `InvalidArgument`, thrown. */
const requireSpan = (
  op: string,
  { vocabulary }: { readonly vocabulary: number },
  { length, until }: Omit<Span, "from">,
): void => {
  whole(0)(op, { length });
  wholeTo(0, vocabulary - 1)(op, { until });
};

/** Feeds a prompt of at least one token to a model, and returns the last step. */
const feedPrompt = Effect.fnUntraced(function* <S>(
  { name, start, next }: Continuation<S>,
  from: readonly number[],
) {
  const [first, ...rest] = from;
  if (first === undefined) return yield* new EmptySequence({ path: [name] });
  let lastStep = yield* next(start, first);
  for (const token of rest) lastStep = yield* next(lastStep.state, token);
  return lastStep;
});

/**
 * Generates tokens from a model: `choose` picks each token from its logits and its index, counted from 0.
 *
 * **Fails with** `UnknownToken`, `SequenceTooLong`, `EmptySequence`, `NonFiniteLogits`, `WorkerLost`, `MemoryLimit`;
 * `InvalidArgument`, thrown, where `length` is not a whole number of at least 0, or `until` is not in the vocabulary.
 */
export const generate = <S>(
  continuation: Continuation<S>,
  { from, length, until }: Span,
  choose: (logits: Logits, place: number) => number,
): Effect.Effect<readonly number[], DecodingFailure> => {
  requireSpan("generate", continuation, { length, ...(until === undefined ? {} : { until }) });
  return Effect.gen(function* () {
    let lastStep = yield* feedPrompt(continuation, from);
    const tokens: number[] = [];
    for (let place = 0; place < length; place++) {
      yield* checkLogits(continuation, lastStep, from.length + place);
      const token = choose(lastStep.logits, place);
      if (token === until) break;
      tokens.push(token);
      if (tokens.length < length) lastStep = yield* continuation.next(lastStep.state, token);
    }
    return tokens;
  });
};

const likeliest = (logits: Logits): number => {
  const x = logits.toTypedArray();
  let best = 0;
  for (let i = 1; i < x.length; i++) if ((x[i] as number) > (x[best] as number)) best = i;
  return best;
};

/** Greedy search: takes the most likely token at each step, the first of equal ones. **Fails with** as {@link generate}. */
export const greedySearch = <S>(
  continuation: Continuation<S>,
  span: Span,
): Effect.Effect<readonly number[], DecodingFailure> =>
  passedOn("greedySearch", () => generate(continuation, span, likeliest));

/**
 * Samples a sequence from the distribution of a model. The same key gives the same tokens.
 *
 * **Fails with** as {@link generate}; `InvalidArgument`, thrown, where an option of sampling is invalid.
 */
export const sampleSequence = <S>(
  continuation: Continuation<S>,
  key: Key,
  { temperature, topK, topP, ...span }: Span & Sampling,
): Effect.Effect<readonly number[], DecodingFailure> => {
  const how = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
  };
  requireSampling("sampleSequence", how);
  return passedOn("sampleSequence", () =>
    generate(continuation, span, (logits, place) =>
      categorical(foldIn(key, place), sampleToken(logits, how), 1).item(),
    ),
  );
};

/** Options of {@link beamSearch}. */
export interface Beam {
  /** The beam width: how many sequences are kept at each step. */
  readonly width: number;
  /** How much to favor longer sequences: 0 for not at all, 1 for in proportion to length. Defaults to 0. */
  readonly lengthPenalty?: number;
}

/** A sequence that a beam found. */
export interface Hypothesis {
  readonly tokens: readonly number[];
  /** The log-probability of all tokens, including the stop token, in nats. */
  readonly logProbability: number;
  /** The ranking score: `logProbability` divided by the length penalty. */
  readonly score: number;
}

interface Growing<S> extends Hypothesis {
  /** The step after the last token; `undefined` if the sequence has ended. */
  readonly lastStep: DecodeStep<S> | undefined;
}

/** The length penalty `((5 + n)/6)^α`. */
const penalty = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha;

const logProbabilities = (logits: Logits): readonly number[] => {
  const x = Array.from(logits.toTypedArray());
  const greatest = greatestOf(x);
  const norm = Math.log(x.reduce((sum, v) => sum + Math.exp(v - greatest), 0));
  return x.map((v) => v - greatest - norm);
};

/**
 * Beam search: returns the most likely sequences it finds, best first. At each step it keeps the `width` best extensions of
 * the kept sequences. Width 1 is greedy search; a width as large as the number of sequences is exhaustive.
 *
 * **Math** a sequence of `n` tokens, including the stop token, has the score `Σ ln p / ((5 + n)/6)^α`.
 * **Fails with** as {@link generate}; `InvalidArgument`, thrown, where the width is not a positive whole number, or the
 * penalty not finite.
 * **Source** Wu et al. (2016), arXiv:1609.08144, section 7, without its coverage.
 */
export const beamSearch = <S>(
  continuation: Continuation<S>,
  { from, length, until, width, lengthPenalty = 0 }: Span & Beam,
): Effect.Effect<readonly Hypothesis[], DecodingFailure> => {
  whole(1)("beamSearch", { width });
  finite("beamSearch", { lengthPenalty });
  requireSpan("beamSearch", continuation, { length, ...(until === undefined ? {} : { until }) });
  return Effect.gen(function* () {
    const first = yield* feedPrompt(continuation, from);
    let beam: readonly Growing<S>[] = [
      { tokens: [], logProbability: 0, score: 0, lastStep: first },
    ];
    for (
      let place = 0;
      place < length && beam.some(({ lastStep }) => lastStep !== undefined);
      place++
    ) {
      for (const { lastStep } of beam)
        if (lastStep !== undefined) yield* checkLogits(continuation, lastStep, from.length + place);
      const candidates = beam
        .flatMap((each) => grown(each, { until, lengthPenalty, width }))
        .sort((a, b) => b.score - a.score)
        .slice(0, width);
      const next: Growing<S>[] = [];
      for (const { of, token, ...found } of candidates) {
        const open = token !== undefined && token !== until && found.tokens.length < length;
        const lastStep =
          open && of !== undefined ? yield* continuation.next(of.state, token) : undefined;
        next.push({ ...found, lastStep });
      }
      beam = next;
    }
    return beam.map(({ tokens, logProbability, score }) => ({ tokens, logProbability, score }));
  });
};

/** A finished sequence, or an extension of one by `token` after the step `of`. */
interface Candidate<S> extends Hypothesis {
  readonly of: DecodeStep<S> | undefined;
  readonly token: number | undefined;
}

/** The `width` best extensions of a sequence; a beam cannot use more. */
const grown = <S>(
  { lastStep, ...sofar }: Growing<S>,
  { until, lengthPenalty, width }: { readonly until: number | undefined } & Required<Beam>,
): readonly Candidate<S>[] => {
  if (lastStep === undefined) return [{ ...sofar, of: undefined, token: undefined }];
  const each = logProbabilities(lastStep.logits);
  return likeliestOf(each, width).map((token) => {
    const logProbability = sofar.logProbability + (each[token] as number);
    const tokens = token === until ? sofar.tokens : [...sofar.tokens, token];
    const score = logProbability / penalty(sofar.tokens.length + 1, lengthPenalty);
    return { tokens, logProbability, score, of: lastStep, token };
  });
};
