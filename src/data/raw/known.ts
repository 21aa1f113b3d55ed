import * as E from "fp-ts/lib/Either.js";
import type { JudgedBy } from "../../errors/words.ts";
import { UnknownToken } from "../../errors.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type SplitText, unitOf } from "./generation.ts";

/**
 * The tokens by which a text is judged. Blanks and marks are in texts of every script, so that among characters they count
 * only where there is no letter or digit; words and items are never blank, and parts of words count where they are not.
 */
const telling = (
  tokens: readonly string[],
  split: SplitText,
): readonly [by: JudgedBy, tokens: readonly string[]] => {
  const solid = tokens.filter((token) => token.trim() !== "");
  const unit = unitOf(split);
  if (unit !== "character") return [unit, solid];
  const written = solid.filter((token) => /[\p{L}\p{N}]/u.test(token));
  if (written.length > 0) return ["letter or digit", written];
  return solid.length > 0 ? ["mark", solid] : ["blank", tokens];
};

/**
 * The numbers of a text's tokens, of which `read` are read.
 *
 * **Fails with** `UnknownToken` where the vocabulary has no number for one; or where it has a number for unknown ones, and
 * would give it to all words, items or parts of words that are read, or of characters to all letters and digits (where there
 * are none, to all marks, and without these to all blanks): a model would answer having been told next to nothing.
 */
export const numbersOf = (
  tokens: readonly string[],
  { split, vocabulary }: { readonly split: SplitText; readonly vocabulary: Vocabulary },
  column: string,
  read: number = tokens.length,
): E.Either<UnknownToken, readonly number[]> => {
  const strange = (token: string): boolean => vocabulary.indexOf(token) === vocabulary.unknown;
  const [all, heard] = telling(tokens.slice(0, read), split);
  const [token] = heard;
  if (token !== undefined && vocabulary.unknown !== undefined && heard.every(strange)) {
    const where = { column, position: tokens.indexOf(token) };
    const cut = read < tokens.length ? read : undefined;
    return E.left(new UnknownToken({ ...where, token, known: vocabulary.size, all, read: cut }));
  }
  return E.mapLeft(
    ({ token, position, known, near, among }: UnknownToken) =>
      new UnknownToken({ token, position, known, near, among, column }),
  )(vocabulary.encode(tokens));
};
