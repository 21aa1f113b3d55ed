import * as t from "io-ts/lib/index.js";
import type { SplitText } from "../data/raw/generation.ts";
import type { Subwords } from "../data/subwords.ts";

const pairs: t.Type<Subwords["merges"], unknown> = new t.Type(
  "pairs of parts",
  (value): value is Subwords["merges"] => Array.isArray(value),
  (input, context) => t.array(t.tuple([t.string, t.string])).validate(input, context),
  (merges) => merges,
);

/** How a text becomes tokens, as JSON: a name, or the pairs of parts that are joined. */
export const splitCodec: t.Type<SplitText, unknown> = t.union([
  t.keyof({ words: null, characters: null, items: null }),
  t.strict({ merges: pairs, lowerCase: t.boolean, spaced: t.boolean }),
  t.strict({ merges: pairs, lowerCase: t.boolean }),
]);
