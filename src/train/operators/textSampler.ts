import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
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
 * is not in the vocabulary, `EmptySequence` where the prompt is empty, `SequenceTooLong`, `WorkerLost`.
 */
export const textSampler = <P>(
  model: Initialized<P>,
  vocabulary: Vocabulary,
  options: TextOptions,
) => {
  const { prompt, length, key, split = Array.from<string>, ...rest } = options;
  const { join = (tokens: readonly string[]) => tokens.join(""), ...how } = rest;
  return Effect.map(compileDecoder(model), (from) =>
    Effect.fnUntraced(function* ({ carried: { params } }: TrainState<{ readonly params: P }>) {
      const tokens = vocabulary.encode(split(prompt));
      if (isLeft(tokens)) return yield* tokens.left;
      const continuation = yield* from(params);
      const span = { ...how, from: tokens.right, length };
      const said = yield* sampleSequence(continuation, key, span);
      return join(vocabulary.decode([...tokens.right, ...said]));
    }),
  );
};
