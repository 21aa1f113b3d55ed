import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  cosineDecay,
  dense,
  dropout,
  type Expr,
  initializers,
  objective,
  pipeline,
  runMain,
  sequential,
  softmaxCrossEntropy,
  tanh,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cast, eq, expandDims, gt, iota, sub, sum, where } from "../../src/ir/index.ts";
import type { Applied } from "../../src/learn/index.ts";
import { embeddingBag, lambda } from "../../src/nn/index.ts";
import { meanReciprocalRank, topKAccuracy } from "../../src/nn/metrics/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { cooccurrence, popularity } from "../baselines/graphs/recommended.ts";
import { padding, tagged, tags } from "../data/graphs/tags.ts";
import { packagesAvailable } from "../data/packages.ts";

const [width, batchSize, epochs, stepsPerEpoch] = [128, 256, 8, 331];

const models = {
  recommender: sequential(
    embeddingBag(tagged + 1, width, { padding, mode: "mean", tableInit: initializers.normal(0.3) }),
    lambda("tanh", tanh),
    dropout(0.3),
    dense(width, tagged),
  ),
};

/** A score for each tag; those that are known are no recommendations. */
const scored = (
  { recommender }: Applied<typeof models>,
  { tags: known }: { readonly tags: Expr<readonly [number]> },
): Expr => {
  const same = eq(expandDims(sub(known, 1), 1), iota([tagged]));
  const isKnown = gt(sum(cast(same, "i32"), 0), 0);
  return where(isKnown, Number.NEGATIVE_INFINITY, recommender(known));
};

/** Packages by some of their tags, as one would describe them. */
const packages = {
  "a game": "role::program, use::gameplaying, uitoolkit::sdl",
  "a library of Perl": "role::shared-lib, implemented-in::perl",
  "a server": "role::program, interface::daemon, protocol::http",
};

/**
 * Recommends a tag for a package of Debian that has some already, by an autoencoder of sets of tags: it restores the one that
 * was left out.
 *
 * All packages of a source are on the same side of the split.
 *
 * **Source** Liang et al., "Variational autoencoders for collaborative filtering" (2018), arXiv:1802.05814: the denoising
 * autoencoder with a softmax over all items, Mult-DAE.
 */
export const packageTags = pipe(
  pipeline(
    "package-tags",
    tags,
    objective({
      models,
      loss: (models, { tags: known, missing }) => {
        const output = scored(models, { tags: known });
        return { loss: softmaxCrossEntropy(output, missing), output, target: missing };
      },
      predict: (models, { tags: known }) => scored(models, { tags: known }),
      optimizer: adam({ learningRate: cosineDecay(3e-3, epochs * stepsPerEpoch) }),
      metrics: [meanReciprocalRank, topKAccuracy(10)],
    }),
    {
      description: "which tag a Debian package lacks, from those that it has",
      units: { loss: "nats" },
      card: {
        field: "graphs",
        data: "apt's lists of Debian 12 (tags of debtags, whose license the lists do not state)",
        heldOut: "hit at 10 0.825, 0.823, 0.824, MRR 0.704, 0.705, 0.704 (three seeds)",
        baseline: "co-occurrence: hit at 10 0.770, MRR 0.620; popularity 0.526, 0.257",
        published: "none is known for these tags",
        time: "17 s of one core",
        memory: "0.7 GiB",
      },
      available: packagesAvailable,
      batchSize,
      epochs,
      seed: 42,
    },
  ),
  withBaseline(popularity(tagged)),
  withBaseline(cooccurrence(tagged)),
  withCallback(
    answersEvery(
      Object.fromEntries(Object.entries(packages).map(([name, said]) => [name, { tags: said }])),
    ),
  ),
);

if (import.meta.main) runMain(packageTags);
