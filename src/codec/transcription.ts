import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts/lib/index.js";
import { type Transcription, transcription } from "../data/raw/transcription.ts";
import { vocabularyOf } from "../data/vocabulary.ts";
import { InvalidArgument } from "../errors.ts";

const written = t.strict({
  tokens: t.readonlyArray(t.string),
  separator: t.string,
  width: t.number,
});

/**
 * A codec of how a model that hears answers in text.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const transcriptionCodec: t.Type<Transcription, unknown> = new t.Type(
  "how a model that hears answers in text",
  (value): value is Transcription =>
    typeof value === "object" && value !== null && "vocabulary" in value && "width" in value,
  (input, context) =>
    pipe(
      written.validate(input, context),
      E.chain(({ tokens, ...rest }) => {
        try {
          return t.success(transcription({ ...rest, vocabulary: vocabularyOf(tokens) }));
        } catch (cause) {
          if (!(cause instanceof InvalidArgument)) throw cause;
          return t.failure(input, context, cause.message.replaceAll("\n", ", "));
        }
      }),
    ),
  ({ vocabulary: { tokens }, ...rest }) => written.encode({ tokens, ...rest }),
);
