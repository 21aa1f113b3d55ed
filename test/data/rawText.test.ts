import * as fc from "fast-check";
import { isRight } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import {
  type FromText,
  fromText,
  learnSubwords,
  prepare,
  type Raw,
  splitText,
  vocabularyOf,
} from "../../src/data/index.ts";

const made = (from: FromText, raw: Raw): unknown => {
  const read = prepare("x", from, raw);
  return isRight(read) ? read.right.toArray() : read.left;
};

describe("a text", () => {
  const vocabulary = vocabularyOf(["<pad>", "<unknown>", "good", "film"], "<unknown>");

  it("becomes the numbers of its words, filled up or cut", () => {
    const from = fromText({ vocabulary, length: 3 });
    expect(made(from, "Good film!")).toEqual([2, 3, 0]);
    expect(made(from, "a good good film")).toEqual([1, 2, 2]);
    const whole = fromText({ vocabulary, length: 3, longer: "refused" });
    expect(made(whole, "Good film!")).toEqual([2, 3, 0]);
    expect(made(whole, "a good good film")).toMatchObject({
      ...{ _tag: "SequenceTooLong", length: 4, limit: 3, path: ["x"] },
    });
    expect(() => fromText({ vocabulary, length: 3, longer: "halved" as "cut" })).toThrow("longer");
  });

  it("becomes the numbers of its characters", () => {
    const letters = vocabularyOf([..."abc"]);
    const from = fromText({ vocabulary: letters, length: 4, split: "characters", padding: 2 });
    expect(made(from, "bab")).toEqual([1, 0, 1, 2]);
    expect(made(from, "bd")).toMatchObject({ _tag: "UnknownToken", token: "d", position: 1 });
  });

  it("becomes the numbers of its items, with commas or blanks between them", () => {
    const tags = vocabularyOf(["<pad>", "use::editing", "role::program"]);
    const from = fromText({ vocabulary: tags, length: 3, split: "items" });
    expect(made(from, " role::program,use::editing\n")).toEqual([2, 1, 0]);
    expect(made(from, "role::program, role")).toMatchObject({ token: "role", position: 1 });
    expect(made(from, " , ")).toMatchObject({ _tag: "EmptySequence" });
  });

  it.each<[string, unknown, string]>([
    ["an empty one", "", "EmptySequence"],
    ["one without words", " … !", "EmptySequence"],
    ["a number", 3, "InvalidArgument"],
  ])("is refused: %s", (_, raw, tag) => {
    expect(made(fromText({ vocabulary, length: 3 }), raw as Raw)).toMatchObject({ _tag: tag });
  });

  it("is refused where nothing that is read of it is known, and taken where something is", () => {
    const from = fromText({ vocabulary, length: 3 });
    expect(made(from, "ein gutes Buch")).toMatchObject({
      ...{ _tag: "UnknownToken", token: "ein", position: 0, known: 4, all: "word", column: "x" },
      message: expect.stringContaining("no word of the text is among the 4 tokens"),
    });
    expect(made(from, "ein gutes Buch und good")).toMatchObject({ all: "word" });
    expect(made(from, "ein good Buch")).toEqual([1, 2, 1]);
  });

  const unheard = vocabularyOf(["<pad>", "<unknown>", "👍", "good", ":)"], "<unknown>");
  const items = fromText({ vocabulary: unheard, length: 3, split: "items" });

  it("is told by any known item, also one without letters", () => {
    expect(made(items, "xyz 👍")).toEqual([1, 2, 0]);
    expect(made(items, ":) xyz")).toEqual([4, 1, 0]);
    expect(made(items, ":( xyz")).toMatchObject({ token: ":(", position: 0, all: "item" });
  });

  it("is told by a known part of a word, but not by the blanks between words", () => {
    const parts = learnSubwords(["a!"], { merges: 0 });
    const known = vocabularyOf(["<pad>", "<unknown>", " ", "!"], "<unknown>");
    const from = fromText({ vocabulary: known, length: 4, split: parts });
    expect(made(from, "b !")).toEqual([1, 2, 3, 0]);
    expect(made(from, "b c")).toMatchObject({
      ...{ token: "b", all: "token" },
      message: expect.stringContaining("no token of the text that is not blank is among"),
    });
  });

  it("says of a text that is cut that only its beginning was read", () => {
    const long = `${"xqzv ".repeat(80)}good`;
    expect(made(fromText({ vocabulary, length: 80 }), long)).toMatchObject({
      ...{ token: "xqzv", all: "word", read: 80 },
      message: expect.stringContaining("no word of the first 80 words of the text is among the 4"),
    });
    const letters = fromText({ vocabulary: unheard, length: 2, split: "characters" });
    expect(made(letters, "Ж!👍")).toMatchObject({
      message: expect.stringContaining("no letter or digit of the first 2 characters of the text"),
    });
    // It is read to its end.
    const whole = made(fromText({ vocabulary, length: 81 }), long) as readonly number[];
    expect([whole.length, whole.at(-1)]).toEqual([81, 2]);
  });

  it("is refused if and only if what tells of it is unknown: letters, marks, emoji, blanks, however it is split", () => {
    const tokens = ["a", "7", "👍", "!", " ", "ж", "☃", "?", "\t"] as const;
    /** By hand, what kind each of these is. */
    const kinds = { a: 2, "7": 2, ж: 2, "👍": 1, "!": 1, "☃": 1, "?": 1, " ": 0, "\t": 0 } as const;
    const drawn = fc.array(fc.constantFrom(...tokens), { minLength: 1, maxLength: 8 });
    const split = fc.constantFrom(
      ...(["words", "characters", "items"] as const),
      learnSubwords([], { merges: 0 }),
    );
    fc.assert(
      fc.property(
        ...([drawn, fc.subarray([...tokens]), split, fc.integer({ min: 1, max: 9 })] as const),
        (pieces, known, split, length) => {
          const all = vocabularyOf(["<pad>", "<unknown>", ...known], "<unknown>");
          // With a blank between them pieces are words and items; parts of words keep single spaces.
          const text = pieces.join(split === "characters" ? "" : " ");
          const read = splitText(split, text).slice(0, length) as (typeof tokens)[number][];
          const got = made(fromText({ vocabulary: all, length, split }), text);
          if (read.length === 0) {
            expect(got).toMatchObject({ _tag: "EmptySequence" });
            return;
          }
          const best = Math.max(...read.map((token) => kinds[token]));
          const tells = (kind: number) => (split === "characters" ? kind === best : kind > 0);
          const telling = read.filter((token) => tells(kinds[token]));
          const numbers = Array.from({ length }, (_, i) => {
            const token = read[i];
            return token === undefined ? 0 : known.includes(token) ? 2 + known.indexOf(token) : 1;
          });
          if (telling.some((token) => known.includes(token))) {
            expect(got).toEqual(numbers);
            return;
          }
          const [token = ""] = telling;
          expect(got).toMatchObject({ _tag: "UnknownToken", token });
          const { message } = got as Error;
          // What the error says of the text is so.
          if (/no (word|item|character) of/.test(message))
            expect(read.some((token) => known.includes(token))).toBe(false);
          expect(message.includes(`the first ${length} `)).toBe(
            splitText(split, text).length > length,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("of characters is judged by letters and digits where it has some, not by the blanks and marks of every script", () => {
    const known = vocabularyOf(["<pad>", "<unknown>", ..."ab .!"], "<unknown>");
    const from = fromText({ vocabulary: known, length: 4, split: "characters" });
    expect(made(from, "!𐎀 𐎁")).toMatchObject({ token: "𐎀", position: 1, all: "letter or digit" });
    expect(made(from, "Ж!")).toMatchObject({
      message: expect.stringContaining("no letter or digit of the text is among the 7 tokens"),
    });
    expect(made(from, "𐎀 a")).toEqual([1, 4, 2, 0]);
    expect(made(from, " !")).toEqual([4, 6, 0, 0]);
    expect(made(from, " ☃")).toMatchObject({ token: "☃", position: 1, all: "mark" });
    expect(made(from, " ")).toEqual([4, 0, 0, 0]);
    expect(made(from, "\t\t")).toMatchObject({ token: "\t", position: 0, all: "blank" });
  });
});
