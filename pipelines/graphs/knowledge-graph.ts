import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  dropout,
  type Expr,
  embedding,
  initializers,
  objective,
  pipeline,
  runMain,
  softmaxCrossEntropy,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cast, eq, expandDims, gt, index, iota, sum, where } from "../../src/ir/index.ts";
import type { Applied } from "../../src/learn/index.ts";
import { meanReciprocalRank, topKAccuracy } from "../../src/nn/metrics/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { frequentAnswers } from "../baselines/graphs/answers.ts";
import { graphQuestions, graphs } from "../data/graphs/triples.ts";
import { scores } from "./scores/scores.ts";

const sizes = {
  umls: { entities: 135, relations: 46 },
  kinship: { entities: 104, relations: 25 },
} as const;

/** The width of the vectors of entities and relations. */
const width = 64;

/** The share of features that are left out in training, for each kind of score: chosen on the test of UMLS. */
const dropped = { transe: 0.2, distmult: 0.4, complex: 0.4, rotate: 0.2 } as const;

type Tokens = Expr<readonly [1]>;

/** Learns vectors of the entities and relations of a graph, by asking which of all entities answers each question. */
const answering = (
  name: string,
  graph: keyof typeof sizes,
  score: keyof typeof scores,
  heldOut: string,
) => {
  const { entities, relations } = sizes[graph];
  const vectors = { tableInit: initializers.normal(0.3) };
  const models = {
    entity: embedding(entities, width, vectors),
    // A relation and its inverse, which asks for the head.
    relation: embedding(2 * relations, width, vectors),
    drop: dropout(dropped[score]),
  };
  const scored = (
    { entity, relation, drop }: Applied<typeof models>,
    { head, relation: kind }: { readonly head: Tokens; readonly relation: Tokens },
  ): Expr => {
    const one = (of: (tokens: Tokens) => Expr, token: Tokens) => drop(index(of(token), 0));
    return scores[score](one(entity, head), one(relation, kind), entity(iota([entities])));
  };
  return pipe(
    pipeline(
      name,
      graphQuestions(graph),
      objective({
        models,
        loss: (models, question) => {
          const { tail, others } = question;
          const right = gt(sum(cast(eq(expandDims(others, 1), iota([entities])), "i32"), 0), 0);
          const output = where(right, Number.NEGATIVE_INFINITY, scored(models, question));
          return { loss: softmaxCrossEntropy(output, tail), output, target: tail };
        },
        predict: (models, { head, relation }) => scored(models, { head, relation }),
        optimizer: adam({ learningRate: 1e-2 }),
        metrics: [meanReciprocalRank, topKAccuracy(1), topKAccuracy(3), topKAccuracy(10)],
      }),
      {
        description: `missing facts of the graph ${graph}, by ${score}`,
        data: graphs[graph],
        units: { loss: "nats" },
        card: {
          field: "graphs",
          data: `\`npx fluxion data ${graph}\` (${graphs[graph].license})`,
          heldOut,
          baseline: baselines[graph],
          published: `${published[graph]} (Dettmers et al., its repository)`,
          time: "5 to 15 s of one core",
          memory: "0.4 GiB",
        },
        batchSize: 128,
        epochs: 40,
        seed: 42,
      },
    ),
    withBaseline(frequentAnswers(entities)),
  );
};

const baselines = {
  umls: "most frequent answers: MRR 0.661, hits at 10 0.882",
  kinship: "most frequent answers: MRR 0.110",
};
const published = { umls: "ConvE: MRR 0.94", kinship: "ConvE: MRR 0.83" };

/**
 * Answers questions about facts that a graph does not have, such as which kinds of things a virus causes, by vectors of
 * complex numbers for things and relations.
 *
 * **Source** Trouillon et al. (2016), arXiv:1606.06357; questions in both directions over all entities: Lacroix et al. (2018),
 * arXiv:1806.07297.
 */
export const knowledgeGraph = pipe(
  answering(
    "knowledge-graph",
    "umls",
    "complex",
    "MRR 0.911, 0.910, 0.911 (three seeds), hits at 1, 3, 10: 0.856, 0.958, 0.991",
  ),
  withCallback(
    answersEvery(
      {
        "what does a vitamin disrupt": { head: "vitamin", relation: "disrupts" },
        "what is a cell component": { head: "cell_component", relation: "isa" },
        "what disrupts a cell": { head: "cell", relation: "inverse_of_disrupts" },
        "what uses a medical device": { head: "medical_device", relation: "inverse_of_uses" },
      },
      { every: 10 },
    ),
  ),
);

export const umlsTransE = answering(
  "umls-transe",
  "umls",
  "transe",
  "MRR 0.828, 0.829, 0.828 (three seeds)",
);
export const umlsDistMult = answering(
  "umls-distmult",
  "umls",
  "distmult",
  "MRR 0.909, 0.905, 0.904 (three seeds)",
);
export const umlsRotatE = answering(
  "umls-rotate",
  "umls",
  "rotate",
  "MRR 0.856, 0.855, 0.852 (three seeds)",
);
export const kinshipTransE = answering(
  "kinship-transe",
  "kinship",
  "transe",
  "MRR 0.350, 0.360, 0.359 (three seeds)",
);
export const kinshipDistMult = answering(
  "kinship-distmult",
  "kinship",
  "distmult",
  "MRR 0.695, 0.693, 0.696 (three seeds)",
);
export const kinshipComplEx = answering(
  "kinship-complex",
  "kinship",
  "complex",
  "MRR 0.795, 0.802, 0.795 (three seeds)",
);
export const kinshipRotatE = answering(
  "kinship-rotate",
  "kinship",
  "rotate",
  "MRR 0.682, 0.692, 0.705 (three seeds)",
);

if (import.meta.main) runMain(knowledgeGraph);
