import { codecLaws } from "./data/codecs.ts";
import { foldLaws } from "./data/folds.ts";
import { mixingLaws } from "./data/mixing.ts";
import { scalerLaws } from "./data/preprocessing.ts";
import { programLaws } from "./data/programs.ts";
import { sequencesKept, sequencesResumed } from "./data/ragged.ts";
import { readsOrRefuses } from "./data/readers.ts";
import { drawnIndependently, samplerLaws } from "./data/samplers.ts";
import { sourceLaws } from "./data/sources.ts";
import { tokenizerLaws } from "./data/tokenizing.ts";
import { mapping } from "./derivatives/batching.ts";
import { declaredDerivative } from "./derivatives/declared.ts";
import {
  adjoint,
  differenceQuotients,
  linearity,
  primalPreservation,
} from "./derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "./derivatives/higherOrder.ts";
import { noConfusion } from "./derivatives/perturbation.ts";
import { decodingLaws } from "./networks/decoding.ts";
import { layerLaws } from "./networks/layers.ts";
import { metricLaws } from "./networks/metrics.ts";
import { pairMetricLaws } from "./networks/pairMetrics.ts";
import { oneDrawPerKey } from "./randomness/draws.ts";
import { environmentLaws } from "./training/environments.ts";
import { learnerLaws } from "./training/learners.ts";
import { operatorColdness, operatorResumption, operatorTeardown } from "./training/operators.ts";
import { optimizerLaws } from "./training/optimizers.ts";
import { predictionLaws } from "./training/prediction.ts";
import { boundedInfluence } from "./training/privacy.ts";
import { scheduleMeaning } from "./training/rates.ts";
import { replayLaws } from "./training/replay.ts";
import { searchLaws } from "./training/searches.ts";
import { strategyLaws } from "./training/strategies.ts";
import { submission } from "./training/submission.ts";
import { reproduction, resumption } from "./training/training.ts";
import { travelLaws, verification } from "./training/travel.ts";
import { nanPropagates } from "./values/nan.ts";

/** The law suites by subject, under the names that docstrings refer to. */
export const laws = {
  /** For a function: its forward derivative. */
  jvp: [primalPreservation(), differenceQuotients(), linearity(), chainRule()],
  /** For a function: its backward derivative. */
  vjp: [primalPreservation(), adjoint(), linearity(), chainRule()],
  /** For a function: its derivatives at kinks, compared with derivatives written by hand. */
  kinks: [declaredDerivative()],
  /** For a function: its second derivative. */
  hessian: [hessianSymmetry()],
  /** For a function: NaN in its inputs. */
  nan: [nanPropagates()],
  /** For two derivatives, one nested in the other. */
  nesting: [noConfusion],
  /** For a function: `vmap` of it. */
  vmap: [mapping()],
  layer: layerLaws,
  optimizer: optimizerLaws,
  metric: metricLaws,
  pairMetric: pairMetricLaws,
  codec: codecLaws,
  /** For a strategy of a search. */
  strategy: strategyLaws,
  /** For a codec of programs. */
  program: programLaws,
  /** For a preprocessor that is fitted to a column. */
  scaler: scalerLaws,
  /** For a reader of untrusted files. */
  reader: [readsOrRefuses],
  /** Of a way to read datasets and streams in epochs of batches. */
  source: [...sourceLaws, sequencesKept, sequencesResumed],
  /** Of a way to divide rows into training and validation data. */
  folding: foldLaws,
  /** Of an augmentation that mixes the examples of a batch with their targets. */
  batchAugmentation: mixingLaws,
  /** Of a sampler that draws rows by weight. */
  sampler: samplerLaws,
  /** Of a source that draws each batch anew, as differential privacy assumes. */
  independentDraws: [drawnIndependently],
  /** For anything that is built with a random key. */
  draws: [oneDrawPerKey],
  /** For a function that splits texts into words. */
  tokenizer: tokenizerLaws,
  /** For a model that generates sequences token by token. */
  decoding: decodingLaws,
  /** For a learning-rate schedule. */
  schedule: [scheduleMeaning],
  operator: [operatorResumption, operatorColdness, operatorTeardown],
  /** For a learner, with batches for it. */
  learner: learnerLaws,
  /** For a differentially private learner, with batches for it. */
  privateLearner: [boundedInfluence],
  /** For a model, and a way to predict with it. */
  prediction: predictionLaws,
  /** For an environment of reinforcement learning. */
  environment: environmentLaws,
  /** Of a way to make replay memories. */
  replay: replayLaws,
  /** Of a search of the tree of a game. */
  treeSearch: searchLaws,
  training: [resumption, reproduction],
  /** For ways to go back in a run, to branch it and to compare it. */
  travel: travelLaws,
  /** For a way to confirm runs on a disk. */
  verification: [verification],
  /** For a backend whose steps may be submitted ahead of their reading. */
  session: [submission],
} as const;
