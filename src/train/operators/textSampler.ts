import * as Effect from "effect/Effect";
import { chainW, map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Vocabulary } from "../../data/vocabulary.ts";
import { compileDecoder, type Initialized } from "../../nn/generate/decoder.ts";
import type { Sampling } from "../../nn/generate/sampling.ts";
import { sampleSequence } from "../../nn/generate/search.ts";
import type { Key } from "../../tensor/key.ts";
import type { TrainState } from "../state/state.ts";

/** The options of {@link textSampler}: a prompt, a length, and how tokens are drawn. */
export interface TextOptions extends Sampling {
  readonly prompt: string;
  /** The number of tokens to generate. */
  readonly length: number;
  readonly key: Key;
  /** How to split text into tokens and join them again. Defaults to characters. */
  readonly split?: (text: string) => readonly string[];
  readonly join?: (tokens: readonly string[]) => string;
}

/**
 * Samples text from a language model, for {@link sampleEvery}: the prompt and its continuation.
 *
 * The key gives the same draws in every epoch, so that only the model changes.
 *
 * **Fails with** `CompileError`, `BackendUnavailable`, `MemoryLimit`; `UnknownToken` where a token of the prompt
 * is not in the vocabulary, `EmptySequence` where the prompt is empty, `SequenceTooLong`.
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
