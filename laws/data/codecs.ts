import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import type * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../src/codec/decode.ts";
import { type Law, law } from "../law.ts";

/** A codec, with values to encode, their equality, and invalid inputs. */
export interface CodecSubject<A = unknown> {
  readonly name: string;
  readonly codec: Pick<t.Type<A, unknown>, "encode" | "decode">;
  readonly values: fc.Arbitrary<A>;
  /** The difference between two values, in words; `undefined` if there is none. */
  readonly differ: (a: A, b: A) => string | undefined;
  /** Damaged variants of a value's JSON. */
  readonly damaged: (json: unknown) => fc.Arbitrary<unknown>;
}

/** A value that is written as text and read back is unchanged. */
export const roundTrip: Law<CodecSubject> = law(
  "round trip",
  "decode (parse (print (encode a))) = a",
  ({ codec, values, differ }: CodecSubject) => ({
    given: values,
    breach: (value: unknown) => {
      const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(value))));
      return isLeft(read) ? "the written value is refused" : differ(read.right, value);
    },
  }),
);

/** Malformed input gives a typed error, never a throw. */
export const refusal: Law<CodecSubject> = law(
  "refusal",
  "decode of malformed input is a typed error",
  ({ codec, values, damaged }: CodecSubject) => ({
    given: values.chain((value) => damaged(JSON.parse(JSON.stringify(codec.encode(value))))),
    breach: (json: unknown) =>
      isLeft(codec.decode(json)) ? undefined : "malformed input is accepted",
  }),
);

const nests: readonly (readonly [open: string, close: string])[] = [
  ["[", "]"],
  ["[0,", "]"],
  ['{"a":', "}"],
  ['{"dtype":', "}"],
  ['[{"shape":', "}]"],
];

/** Deeply nested JSON is read or refused, and never overflows the stack. */
export const anyDepth: Law<CodecSubject> = law(
  "any depth",
  "decodeJson of JSON nested n deep is a value or a DecodeError, for every n",
  ({ codec }: CodecSubject) => ({
    given: fc.tuple(
      fc.constantFrom(...nests),
      fc.oneof(fc.nat(50), fc.integer({ min: 900, max: 1100 }), fc.constant(30_000)),
    ),
    breach: ([[open, close], n]: readonly [readonly [string, string], number]) => {
      const text = `${open.repeat(n)}0${close.repeat(n)}`;
      try {
        Effect.runSync(Effect.result(decodeJson(codec, text, "nested")));
        return undefined;
      } catch (thrown) {
        return `${n} × ${open} ends in ${String(thrown)}`;
      }
    },
  }),
);

export const codecLaws: readonly Law<CodecSubject>[] = [roundTrip, refusal, anyDepth];
