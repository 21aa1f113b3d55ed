import * as Effect from "effect/Effect";
import { chainW, map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Vocabulary } from "../../data/vocabulary.ts";
import { compileDecoder, type Initialized } from "../../nn/generate/decoder.ts";
import type { Sampling } from "../../nn/generate/sampling.ts";
import { sampleSequence } from "../../nn/generate/search.ts";
import type { Key } from "../../tensor/key.ts";
import type { TrainState } from "../state/state.ts";

/** What a text goes on from, how far, and how its tokens are drawn. */
export interface TextOptions extends Sampling {
  readonly prompt: string;
  /** How many tokens are said. */
  readonly length: number;
  readonly key: Key;
  /** How a text is taken apart into tokens, and put together again; characters where not given. */
  readonly split?: (text: string) => readonly string[];
  readonly join?: (tokens: readonly string[]) => string;
}

/**
 * What a language model writes after a prompt, the prompt included: a sampler for {@link sampleEvery}. The same
 * key gives the same draws in every epoch, so that what changes is the model.
 *
 * **Fails with** `CompileError`, `BackendUnavailable`, `MemoryLimit`; `UnknownToken` where the prompt has a
 * token that the vocabulary has not, `EmptySequence` where it is empty, `SequenceTooLong`.
 */
export const textSampler = <P>(
  model: Initialized<P>,
  vocabulary: Vocabulary,
  options: TextOptions,
) => {
  const { prompt, length, key, split = Array.from<string>, ...rest } = options;
  const { join = (tokens: readonly string[]) => tokens.join(""), ...how } = rest;
  return Effect.map(
    compileDecoder(model),
    (from) =>
      ({ params }: TrainState<P>) =>
        pipe(
          vocabulary.encode(split(prompt)),
          chainW((tokens) =>
            pipe(
              from(params),
              chainW((continuation) =>
                sampleSequence(continuation, key, { ...how, from: tokens, length }),
              ),
              map((said) => join(vocabulary.decode([...tokens, ...said]))),
            ),
          ),
        ),
  );
};
