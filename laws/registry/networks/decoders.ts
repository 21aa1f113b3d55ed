import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Continuation, DecodingFailure } from "../../../src/nn/generate/decoder.ts";
import * as searches from "../../../src/nn/generate/search.ts";
import type { Key } from "../../../src/tensor/key.ts";
import type { Decoded, Decoder } from "../../networks/decoders.ts";

type Search = Effect.Effect<readonly (number | searches.Hypothesis)[], DecodingFailure>;
type Setting = (model: Continuation<number>, span: searches.Span, key: Key) => Search;

/** Every way of generating sequences, in several settings. A missing one does not compile. */
const settings: { readonly [Name in keyof typeof searches]: readonly Setting[] } = {
  generate: [
    (model, span) =>
      // Takes the last of the most likely tokens, without a check of its own.
      searches.generate(model, span, (logits) => {
        const x = Array.from(logits.toTypedArray());
        return x.reduce((best, value, i) => (value >= (x[best] as number) ? i : best), 0);
      }),
  ],
  greedySearch: [searches.greedySearch],
  sampleSequence: [{}, { temperature: 0.25 }, { temperature: 40 }, { topK: 2 }, { topP: 0.8 }].map(
    (options) => (model, span, key) => searches.sampleSequence(model, key, { ...span, ...options }),
  ),
  beamSearch: [{ width: 1 }, { width: 3 }, { width: 9, lengthPenalty: 1 }].map(
    (options) => (model, span) => searches.beamSearch(model, { ...span, ...options }),
  ),
};

const decoded = (search: Search): Decoded => {
  const made = Effect.runSync(Effect.result(search));
  if (Result.isFailure(made))
    return {
      refused: made.failure._tag,
      ...("position" in made.failure ? { position: made.failure.position } : {}),
    };
  const all = made.success;
  const tokens = all.filter((each) => typeof each === "number");
  const found = all.filter((each) => typeof each !== "number").map((each) => each.tokens);
  return { sequences: found.length > 0 ? found : [tokens] };
};

/** Every decoder in each of its settings. */
export const decoders: readonly Decoder[] = Object.entries(settings).flatMap(([name, all]) =>
  all.map((decode, i) => ({
    name: i === 0 ? name : `${name}, setting ${i + 1}`,
    decode: (model, span, key) => decoded(decode(model, span, key)),
  })),
);
