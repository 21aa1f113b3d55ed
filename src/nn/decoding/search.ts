import { type Either, isLeft, left, right } from "fp-ts/lib/Either.js";
import { EmptySequence, InvalidArgument } from "../../errors.ts";
import { categorical, foldIn, type Key } from "../../tensor/key.ts";
import type { Continuation, DecodingFailure, Said } from "./continuation.ts";
import { type Logits, type Sampling, sampledFrom } from "./sampling.ts";

/** From where to where a sequence is said. */
export interface Span {
  /** The tokens that it goes on from; at least one. */
  readonly from: readonly number[];
  /** How many tokens are said at most. */
  readonly length: number;
  /** The token that ends it, which is not part of what is said; none where not given. */
  readonly until?: number;
}

/** What a model makes of several tokens, of which there is at least one. */
const told = <S>(
  { name, start, next }: Continuation<S>,
  from: readonly number[],
): Either<DecodingFailure, Said<S>> => {
  const [first, ...rest] = from;
  if (first === undefined) return left(new EmptySequence({ path: [name] }));
  let said: Either<DecodingFailure, Said<S>> = next(start, first);
  for (const token of rest) {
    if (isLeft(said)) return said;
    said = next(said.right.state, token);
  }
  return said;
};

/**
 * What a model says where each token is chosen by its logits and its number, counted from 0.
 *
 * **Fails with** `UnknownToken`, `SequenceTooLong`, `EmptySequence`, on the left.
 */
export const saying = <S>(
  continuation: Continuation<S>,
  { from, length, until }: Span,
  choose: (logits: Logits, place: number) => number,
): Either<DecodingFailure, readonly number[]> => {
  let said = told(continuation, from);
  const tokens: number[] = [];
  for (let place = 0; place < length; place++) {
    if (isLeft(said)) return said;
    const token = choose(said.right.logits, place);
    if (token === until) break;
    tokens.push(token);
    if (tokens.length < length) said = continuation.next(said.right.state, token);
  }
  return isLeft(said) ? said : right(tokens);
};

const likeliest = (logits: Logits): number => {
  const x = logits.toTypedArray();
  let best = 0;
  for (let i = 1; i < x.length; i++) if ((x[i] as number) > (x[best] as number)) best = i;
  return best;
};

/** The likeliest token each time, the first of equal ones. **Fails with** as {@link saying}. */
export const greedy = <S>(
  continuation: Continuation<S>,
  span: Span,
): Either<DecodingFailure, readonly number[]> => saying(continuation, span, likeliest);

/**
 * Tokens drawn from what the model holds likely: the same key, the same tokens.
 *
 * **Fails with** as {@link saying}; `InvalidArgument`, thrown, where the sampling is impossible.
 */
export const sampling = <S>(
  continuation: Continuation<S>,
  key: Key,
  { temperature, topK, topP, ...span }: Span & Sampling,
): Either<DecodingFailure, readonly number[]> => {
  const how = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
  };
  return saying(continuation, span, (logits, place) =>
    categorical(foldIn(key, place), sampledFrom(logits, how), 1).item(),
  );
};

/** How wide a beam is, and what it holds good. */
export interface Beam {
  /** How many sequences are followed at once. */
  readonly width: number;
  /** How much longer sequences are favoured: 0 not at all, which is where not given, 1 in proportion. */
  readonly lengthPenalty?: number;
}

/** A sequence that a beam found. */
export interface Hypothesis {
  readonly tokens: readonly number[];
  /** The sum of the tokens', the end's included. In nats. */
  readonly logProbability: number;
  /** By which sequences are ranked: the logarithm divided by the penalty of its length. */
  readonly score: number;
}

interface Growing<S> extends Hypothesis {
  /** What follows; `undefined` where it has ended. */
  readonly said: Said<S> | undefined;
}

/** **Math** `((5 + n)/6)^α`. */
const penalty = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha;

const logProbabilities = (logits: Logits): readonly number[] => {
  const x = [...logits.toTypedArray()];
  const greatest = Math.max(...x);
  const norm = greatest + Math.log(x.reduce((sum, v) => sum + Math.exp(v - greatest), 0));
  return x.map((v) => v - norm);
};

/**
 * The likeliest sequences that a search of some width finds, best first: it follows the `width` best of all
 * that the followed ones can become. A beam of 1 is greedy; one as wide as there are sequences finds the best.
 *
 * **Math** a sequence of `n` tokens, its end included, has the score `Σ ln p / ((5 + n)/6)^α`.
 * **Fails with** as {@link saying}; `InvalidArgument`, thrown, where the width is not a positive whole number.
 * **Source** Wu et al. (2016), arXiv:1609.08144, section 7, without its coverage.
 */
export const beamSearch = <S>(
  continuation: Continuation<S>,
  { from, length, until, width, lengthPenalty = 0 }: Span & Beam,
): Either<DecodingFailure, readonly Hypothesis[]> => {
  if (!(Number.isSafeInteger(width) && width > 0))
    throw new InvalidArgument({
      op: "beamSearch",
      argument: "width",
      expected: "a positive whole number",
      actual: String(width),
    });
  const first = told(continuation, from);
  if (isLeft(first)) return first;
  let beam: readonly Growing<S>[] = [
    { tokens: [], logProbability: 0, score: 0, said: first.right },
  ];
  for (let place = 0; place < length && beam.some(({ said }) => said !== undefined); place++) {
    const candidates = beam
      .flatMap((each) => grown(each, until, lengthPenalty))
      .sort((a, b) => b.score - a.score)
      .slice(0, width);
    const next: Growing<S>[] = [];
    for (const { of, token, ...found } of candidates) {
      const open = token !== undefined && token !== until && found.tokens.length < length;
      const said = open && of !== undefined ? continuation.next(of.state, token) : undefined;
      if (said !== undefined && isLeft(said)) return said;
      next.push({ ...found, said: said?.right });
    }
    beam = next;
  }
  return right(
    beam.map(({ tokens, logProbability, score }) => ({ tokens, logProbability, score })),
  );
};

/** A sequence, or what one can become: `of` is what its last `token` follows. */
interface Candidate<S> extends Hypothesis {
  readonly of: Said<S> | undefined;
  readonly token: number | undefined;
}

const grown = <S>(
  { said, ...whole }: Growing<S>,
  until: number | undefined,
  alpha: number,
): readonly Candidate<S>[] => {
  if (said === undefined) return [{ ...whole, of: undefined, token: undefined }];
  return logProbabilities(said.logits).map((each, token) => {
    const logProbability = whole.logProbability + each;
    const tokens = token === until ? whole.tokens : [...whole.tokens, token];
    const score = logProbability / penalty(whole.tokens.length + 1, alpha);
    return { tokens, logProbability, score, of: said, token };
  });
};
