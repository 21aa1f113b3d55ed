import * as Effect from "effect/Effect";
import { fromText, padSequences, vocabulary } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  type Splits,
  type Tensor,
} from "../../../src/index.ts";
import { heldOut, type Package, packages } from "../packages.ts";

/** A question: which tag does a package have besides these? */
export type TagQuestion = {
  /** The numbers of the tags that are known, from 1 on; 0 fills up. */
  readonly tags: Tensor<readonly [number]>;
  /** The number of the tag that is left out, from 0 on. */
  readonly missing: Tensor<readonly []>;
};

/** The number of tags that can be recommended, the most frequent ones, and of known tags that are read. */
export const [tagged, length] = [512, 24];
/** The number that fills up known tags. */
export const padding = 0;

const questionsOf = (all: readonly (readonly number[])[], most: number): Dataset<TagQuestion> => {
  const asked = all.flatMap((tags) =>
    tags.map((missing) => ({ missing, known: tags.filter((tag) => tag !== missing) })),
  );
  return dataset({
    tags: padSequences(
      asked.map(({ known }) => known),
      most,
      { padding },
    ),
    missing: fromTypedArray(
      [asked.length],
      Int32Array.from(asked, ({ missing }) => missing - 1),
    ),
  });
};

/**
 * Tags of packages as questions, in training and test parts: each tag of a package is left out once.
 *
 * A tenth of the sources is held out with all their packages. Packages with the same source and the same tags count once, and
 * those with fewer than two tags leave nothing to ask.
 *
 * **Fails with** `DataSourceError`, where there are fewer different tags than can be recommended.
 */
export const tagQuestions = Effect.fnUntraced(function* (
  packages: readonly Package[],
  { most = tagged }: { readonly most?: number } = {},
) {
  const different = [
    ...new Map(packages.map((each) => [`${each.source} ${each.tags.join(" ")}`, each])).values(),
  ];
  const known = vocabulary(
    different.filter(({ source }) => !heldOut(source)).map(({ tags }) => tags),
    { special: ["<pad>"], limit: most + 1 },
  );
  if (known.size !== most + 1)
    return yield* new DataSourceError({
      source: "apt-cache dumpavail",
      reason: `its packages have ${known.size - 1} different tags, fewer than ${most}`,
      help: "run this on Debian, whose lists have the field Tag",
    });
  const part = (held: boolean) =>
    questionsOf(
      different
        .filter(({ source }) => heldOut(source) === held)
        .map(({ tags }) =>
          [...new Set(tags)].flatMap((tag) => known.indexOf(tag) ?? []).slice(0, length + 1),
        )
        .filter((tags) => tags.length >= 2),
      length,
    );
  return {
    train: part(false),
    test: part(true),
    inputs: { tags: fromText({ vocabulary: known, length, padding, split: "items" }) },
    classes: known.tokens.slice(1),
  } satisfies Splits<TagQuestion>;
});

/**
 * What people say that Debian's packages are and do.
 *
 * **Source** Zini, "A cute introduction to Debtags" (2005): faceted tags, which package maintainers and users give.
 */
export const tags = Effect.flatMap(packages, (all) => tagQuestions(all));
