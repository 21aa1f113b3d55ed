import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  batchObjective,
  dense,
  type Expr,
  embedding,
  initializers,
  pipeline,
  runMain,
  withBaseline,
} from "../../src/index.ts";
import { add, expandDims, index, iota, mean, mul, pow, sum } from "../../src/ir/index.ts";
import type { AppliedToBatch } from "../../src/learn/index.ts";
import { meanReciprocalRank, topKAccuracy } from "../../src/nn/metrics/index.ts";
import { adagrad } from "../../src/optim/index.ts";
import { reverseFact } from "../baselines/graphs/answers.ts";
import { graphQuestions, graphs, surrounded } from "../data/graphs/triples.ts";
import { found } from "./scores/drawn.ts";
import { toldBy } from "./scores/facts.ts";
import { likeness, made, magnitudes } from "./scores/scores.ts";

/** The numbers of meanings and of relations with their inverses, the width of vectors, and the most facts about a head. */
const [entities, relations, width, most] = [40_943, 22, 128, 8];
/** The number of wrong answers that a batch of questions shares, and how much the cubes of magnitudes count. */
const [drawn, regularization] = [1000, 0.1];

const source = Effect.map(graphQuestions("wn18rr"), surrounded(most));
const vectors = { tableInit: initializers.normal(0.01) };
const models = {
  entity: embedding(entities, width, vectors),
  relation: embedding(relations, width, vectors),
  told: dense(width, width),
};

/** What is said of questions: heads and relations, and the relations and tails of what is known of the heads. */
type Said = { readonly [column in "head" | "relation" | "by" | "to"]: Expr };

/** The vectors of heads, changed by the mean of what their facts tell, and those of relations. */
const vectorsOf = (
  { entity, relation, told }: AppliedToBatch<typeof models>,
  { head, relation: kind, ...facts }: Said,
) => {
  const mean = toldBy({ entity, relation, entities, relations }, facts);
  const from = add(index(entity(head), 0, 1), told(mean));
  return { from, by: index(relation(kind), 0, 1) };
};

/**
 * Answers questions about WordNet that its graph does not hold, from vectors of meanings and from other facts about the
 * meaning that is asked about.
 *
 * **Source** Vashishth et al., "Composition-based multi-relational graph convolutional networks" (2020), arXiv:1911.03082;
 * the loss, Adagrad and the cubes of magnitudes: Lacroix et al. (2018), arXiv:1806.07297.
 */
export const wordnetConvolution = pipe(
  pipeline(
    "wordnet-convolution",
    source,
    batchObjective({
      models,
      loss: (of, { tail, others, ...said }, context) => {
        const { from, by } = vectorsOf(of, said);
        const to = index(of.entity(expandDims(tail, 1)), 0, 1);
        const { loss, ...answers } = found(
          { like: made.complex(from, by), to, tail, others },
          { vectors: of.entity, entities, drawn, likeness: likeness.complex },
          context,
        );
        if (context.mode !== "train") return { loss, ...answers };
        const cubes = [from, by, to].map((x) => mean(sum(pow(magnitudes(x), 3), -1)));
        return { loss: add(loss, mul(regularization, cubes.reduce(add))), ...answers };
      },
      predict: (of, { head, relation, by, to }) => {
        // A question is a batch of one, and these layers take more axes.
        const open = of as unknown as AppliedToBatch<typeof models>;
        const [heads, kinds, facts, tails] = [head, relation, by, to].map((x) =>
          expandDims(x, 0),
        ) as [Expr, Expr, Expr, Expr]; // four
        const asked = vectorsOf(open, { head: heads, relation: kinds, by: facts, to: tails });
        const like = made.complex(asked.from, asked.by);
        return index(likeness.complex.all(like, open.entity(iota([entities]))), 0);
      },
      optimizer: adagrad({ learningRate: 0.1 }),
      metrics: [meanReciprocalRank, topKAccuracy(1), topKAccuracy(3), topKAccuracy(10)],
    }),
    {
      description: "missing facts of WordNet, by a convolution over known facts",
      data: graphs.wn18rr,
      units: { loss: "nats" },
      card: {
        field: "graphs",
        data: `\`npx fluxion data wn18rr\` (${graphs.wn18rr.license})`,
        heldOut: "MRR 0.437, 0.436, 0.439 (three seeds), hits at 1, 3, 10: 0.388, 0.466, 0.526",
        baseline: "the reverse fact: MRR 0.346, hits at 1, 10: 0.346, 0.347",
        published:
          "CompGCN: MRR 0.479, hits at 1, 3, 10: 0.443, 0.494, 0.546 (Vashishth et al., 2020)",
        time: "55 s of one core",
        memory: "1.5 GiB",
      },
      batchSize: 1024,
      epochs: 4,
      seed: 42,
    },
  ),
  withBaseline(reverseFact(entities, relations / 2)),
);

if (import.meta.main) runMain(wordnetConvolution);
