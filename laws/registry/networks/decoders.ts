import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as ctcs from "../../../src/nn/generate/ctc.ts";
import type { Continuation, DecodingFailure } from "../../../src/nn/generate/decoder.ts";
import * as searches from "../../../src/nn/generate/search.ts";
import type { Key } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { CtcDecoder } from "../../networks/ctcDecoders.ts";
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

type Found = Effect.Effect<
  readonly (readonly ctcs.Transcript[])[],
  { readonly _tag: string; readonly position?: number }
>;

/** The searches of CTC: which labels each finds. A missing one does not compile. */
const ctcSettings: {
  readonly [Name in keyof typeof ctcs]: {
    readonly kind: CtcDecoder["kind"];
    readonly search: (logits: Tensor, blank: number) => Found;
  };
} = {
  ctcGreedySearch: {
    kind: "best path",
    search: (logits, blank) =>
      Effect.map(ctcs.ctcGreedySearch(logits, { blank }), (all) => all.map((each) => [each])),
  },
  ctcBeamSearch: {
    kind: "all labels",
    search: (logits, blank) => ctcs.ctcBeamSearch(logits, { blank, width: 10_000 }),
  },
};

/** Every way of decoding the outputs of CTC. */
export const ctcDecoders: readonly CtcDecoder[] = Object.entries(ctcSettings).map(
  ([name, { kind, search }]) => ({
    ...{ name, kind },
    decode: (logits, blank) => {
      const made = Effect.runSync(Effect.result(search(logits, blank)));
      if (Result.isSuccess(made)) return { found: made.success[0] ?? [] };
      const { _tag: refused, position } = made.failure;
      return { refused, ...(position === undefined ? {} : { position }) };
    },
  }),
);
