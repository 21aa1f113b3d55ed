import * as E from "fp-ts/lib/Either.js";
import { UnknownToken } from "../../errors.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type SplitText, unitOf } from "./generation.ts";

/**
 * The tokens by which a text is judged: those with a letter or a digit. Blanks and marks are in texts of every script, so
 * that they count only where there is nothing else.
 */
const telling = (tokens: readonly string[]): readonly string[] => {
  const written = tokens.filter((token) => /[\p{L}\p{N}]/u.test(token));
  return written.length > 0 ? written : tokens.filter((token) => token.trim() !== "");
};

/**
 * The numbers of a text's tokens, of which `read` are read.
 *
 * **Fails with** `UnknownToken` where the vocabulary has no number for one; or where it has a number for unknown ones, and
 * would give it to every word that is read: a model would answer without having been told anything.
 */
export const numbersOf = (
  tokens: readonly string[],
  { split, vocabulary }: { readonly split: SplitText; readonly vocabulary: Vocabulary },
  column: string,
  read: number = tokens.length,
): E.Either<UnknownToken, readonly number[]> => {
  const strange = (token: string): boolean => vocabulary.indexOf(token) === vocabulary.unknown;
  const heard = telling(tokens.slice(0, read));
  const [token] = heard;
  if (token !== undefined && vocabulary.unknown !== undefined && heard.every(strange)) {
    const where = { column, position: tokens.indexOf(token) };
    return E.left(
      new UnknownToken({ ...where, token, known: vocabulary.size, all: unitOf(split) }),
    );
  }
  return E.mapLeft(
    ({ token, position, known, near, among }: UnknownToken) =>
      new UnknownToken({ token, position, known, near, among, column }),
  )(vocabulary.encode(tokens));
};
