import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import {
  generation,
  learnSubwords,
  padSequences,
  readBytes,
  type Subwords,
  splitText,
  type Vocabulary,
  vocabulary,
  vocabularyOf,
} from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";

const commit = "a3d2e0d26b56f3846f66a952536ffed4e401d05a";

/** The parts of the data: the published ones, of which the test is that of 2016. */
const parts = { train: "train", validation: "val", test: "test_2016_flickr" } as const;

type Part = keyof typeof parts;
type Language = "en" | "de" | "fr";

const file = (part: Part, language: Language, bytes: number, sha256: string) => {
  const path = `${parts[part]}.${language}.gz`;
  const address = `https://raw.githubusercontent.com/multi30k/dataset/${commit}/data/task1/raw/${path}`;
  return { path, address, bytes, sha256 };
};

/** Descriptions of pictures in three languages, as the repository of Multi30k has them. */
export const multi30k = dataFiles({
  name: "multi30k",
  license: "the captions of Flickr30k and their translations, for research",
  origin: "https://github.com/multi30k/dataset",
  files: [
    file(
      "train",
      "en",
      568_929,
      "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    ),
    file(
      "train",
      "de",
      637_044,
      "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    ),
    file(
      "train",
      "fr",
      604_242,
      "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    ),
    file(
      "validation",
      "en",
      21_650,
      "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    ),
    file(
      "validation",
      "de",
      24_681,
      "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    ),
    file(
      "validation",
      "fr",
      23_001,
      "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    ),
    file("test", "en", 21_077, "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
    file("test", "de", 22_890, "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
    file("test", "fr", 22_310, "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90"),
  ],
  packed: { file: "multi30k.tar.gz", as: "tar.gz", under: "data/task1/raw/" },
});

/** A sentence, and its translation by a person. */
export interface Translated {
  readonly english: string;
  readonly other: string;
}

/** The most bytes of text in a file of the data. */
const mostBytes = 2 ** 23;

const linesOf = Effect.fnUntraced(function* (name: string) {
  const path = join(yield* dataFolder(multi30k), name);
  const bytes = yield* readBytes(path);
  return yield* Effect.try({
    try: () => new TextDecoder().decode(gunzipSync(bytes, { maxOutputLength: mostBytes })),
    catch: (cause) => new DataSourceError({ source: path, reason: String(cause) }),
  });
});

/** The sentences of two texts line by line; where one has more lines than the other, the rest of these is left out. */
export const pairsOf = (english: string, other: string): readonly Translated[] => {
  const [ours, theirs] = [english, other].map((text) => text.trimEnd().split(/\r?\n/));
  return (ours ?? []).flatMap((line, i) => {
    const pair = { english: line.trim(), other: (theirs?.[i] ?? "").trim() };
    return pair.english === "" || pair.other === "" ? [] : [pair];
  });
};

/** The sentences of a part of the data, with their translations. */
export const sentences = Effect.fnUntraced(function* (part: Part, language: "de" | "fr") {
  const [english, other] = yield* Effect.all([
    linesOf(`${parts[part]}.en.gz`),
    linesOf(`${parts[part]}.${language}.gz`),
  ]);
  return pairsOf(english, other);
});

/** The numbers of the tokens that every vocabulary begins with. */
export const [padding, unknown, start, end] = [0, 1, 2, 3] as const;
const [filler, other, first, last] = ["<pad>", "<unknown>", "<start>", "<end>"] as const;

/** The sizes of the data as numbers. */
export interface Encoding {
  /** The number of pairs that the parts of words are made of, in each language. */
  readonly merges: number;
  /** The number of tokens of each vocabulary. Rarer ones are unknown; where there are fewer, the last ones have no use. */
  readonly tokens: number;
  /** The number of tokens of an English sentence. Longer ones are left out of the training, and cut in the test. */
  readonly sourceLength: number;
  /** The number of tokens of a translation, with the mark of its end. */
  readonly targetLength: number;
}

/** A sentence followed by the start marker and its translation; and the translation with an end marker. */
export type Encoded = {
  readonly text: Tensor<readonly [number]>;
  readonly next: Tensor<readonly [number]>;
};

const numbersOf = (known: Vocabulary, tokens: readonly string[]): readonly number[] =>
  tokens.map((token) => known.indexOf(token) ?? unknown);

/**
 * Sentences as parts of words, which are learned from the training sentences of each language. English is read in lower
 * case; translations keep their capitals.
 */
export const encodedSplits = (
  { train, validation, test }: { readonly [part in Part]: readonly Translated[] },
  { merges, tokens: size, sourceLength, targetLength }: Encoding,
) => {
  const learned = (texts: readonly string[], lowerCase: boolean) => {
    const split = learnSubwords(texts, { merges, lowerCase });
    const special = [filler, other, first, last];
    const tokens = texts.map((text) => splitText(split, text));
    const { tokens: used } = vocabulary(tokens, { special, unknown: other, limit: size });
    const unused = Array.from({ length: size - used.length }, (_, i) => `<unused ${i}>`);
    return { split, known: vocabularyOf([...used, ...unused], other) };
  };
  const source = learned(
    train.map(({ english }) => english),
    true,
  );
  const target = learned(
    train.map(({ other }) => other),
    false,
  );
  const read = ({ split, known }: { split: Subwords; known: Vocabulary }, text: string) =>
    numbersOf(known, splitText(split, text));
  const encoded = (pairs: readonly Translated[], whole: boolean): Dataset<Encoded> => {
    const numbers = pairs
      .map(({ english, other }) => [read(source, english), read(target, other)] as const)
      .filter(([x, y]) => !whole || (x.length <= sourceLength && y.length < targetLength));
    const padded = padSequences(
      numbers.map(([x]) => x),
      sourceLength,
    ).toTypedArray();
    return dataset({
      text: padSequences(
        numbers.map(([, y], i) => [
          ...padded.subarray(i * sourceLength, (i + 1) * sourceLength),
          start,
          ...y,
        ]),
        sourceLength + targetLength,
      ),
      next: padSequences(
        numbers.map(([, y]) => [...y, end]),
        targetLength,
      ),
    }) as Dataset<Encoded>;
  };
  return {
    train: encoded(train, true),
    validation: encoded(validation, false),
    test: encoded(test, false),
    generation: generation({
      ...{ column: "text", prompt: source.known, vocabulary: target.known, split: source.split },
      ...{ start: first, end: last, length: targetLength },
    }),
  } satisfies Splits<Encoded> & { readonly generation: unknown };
};

/**
 * Descriptions of pictures in English and their translations into German or French, with the published split: 29,000 to learn
 * from, 1,014 for validation, and the 1,000 of the test of 2016, each part of pictures of its own.
 *
 * **Source** Elliott et al. (2016), Multi30K: multilingual English-German image descriptions, arXiv:1605.00459.
 */
export const translations = (language: "de" | "fr", encoding: Encoding) =>
  Effect.gen(function* () {
    const [train, validation, test] = yield* Effect.all([
      sentences("train", language),
      sentences("validation", language),
      sentences("test", language),
    ]);
    return encodedSplits({ train, validation, test }, encoding);
  });
