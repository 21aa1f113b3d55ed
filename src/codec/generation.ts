import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts/lib/index.js";
import { type Decoding, type Generation, generation } from "../data/raw/generation.ts";
import { type Vocabulary, vocabularyOf } from "../data/vocabulary.ts";
import { InvalidArgument } from "../errors.ts";
import { natural } from "./number.ts";
import { splitCodec } from "./split.ts";

const tokensCodec = t.intersection([
  t.strict({ tokens: t.readonlyArray(t.string) }),
  t.partial({ unknown: t.string }),
]);

/** How the next tokens are chosen, as JSON. What its numbers may be, {@link generation} says. */
const decoding: t.Type<Decoding, unknown> = t.union([
  t.strict({ method: t.literal("greedy") }),
  t.intersection([
    t.strict({ method: t.literal("sampling") }),
    t.partial({ seed: t.number, temperature: t.number, topK: t.number, topP: t.number }),
  ]),
  t.intersection([
    t.strict({ method: t.literal("beam"), width: t.number }),
    t.partial({ lengthPenalty: t.number }),
  ]),
]);

const written = t.intersection([
  t.strict({
    column: t.string,
    split: splitCodec,
    vocabulary: tokensCodec,
    separator: t.string,
    length: natural,
    decoding,
  }),
  t.partial({ prompt: tokensCodec, start: t.string, end: t.string }),
]);
type Written = t.TypeOf<typeof written>;

const writeTokens = ({ tokens, unknown }: Vocabulary): t.TypeOf<typeof tokensCodec> => {
  const named = unknown === undefined ? undefined : tokens[unknown];
  return named === undefined ? { tokens } : { tokens, unknown: named };
};

const write = (of: Generation): Written => {
  const { column, prompt, vocabulary, separator, start, end, length, decoding } = of;
  return {
    ...{ column, separator, length, decoding, split: prompt.split },
    vocabulary: writeTokens(vocabulary),
    ...(prompt.vocabulary === vocabulary ? {} : { prompt: writeTokens(prompt.vocabulary) }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
};

/** What was written, made by the function that checks it. **Fails with** `InvalidArgument`, thrown. */
const read = ({ prompt, vocabulary, ...rest }: Written): Generation =>
  generation({
    ...rest,
    vocabulary: vocabularyOf(vocabulary.tokens, vocabulary.unknown),
    ...(prompt === undefined ? {} : { prompt: vocabularyOf(prompt.tokens, prompt.unknown) }),
  });

/**
 * A codec of how a model answers in text.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const generationCodec: t.Type<Generation, unknown> = new t.Type(
  "how a model answers in text",
  (value): value is Generation => typeof value === "object" && value !== null && "prompt" in value,
  (input, context) =>
    pipe(
      written.validate(input, context),
      E.chain((of) => {
        try {
          return t.success(read(of));
        } catch (cause) {
          if (!(cause instanceof InvalidArgument)) throw cause;
          return t.failure(input, context, cause.message.replaceAll("\n", ", "));
        }
      }),
    ),
  (of) => written.encode(write(of)),
);
