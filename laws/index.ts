/**
 * The laws of fluxion, as values: `check(law, subject)` on what fluxion defines and on what users define.
 * `fluxion/laws/vitest` registers them as tests.
 */

export { anyDepth, type CodecSubject, codecLaws, refusal, roundTrip } from "./data/codecs.ts";
export {
  type Folding,
  foldLaws,
  foldsAreFair,
  foldsPartition,
  type Placed,
} from "./data/folds.ts";
export { type Mixing, mixingLaws, partnersPermute, targetsFollowInputs } from "./data/mixing.ts";
export {
  constantsVanish,
  promiseKept,
  type ScalerSubject,
  scalerLaws,
  unitsVanish,
  widthsKept,
} from "./data/preprocessing.ts";
export {
  type ProgramSubject,
  programLaws,
  programRoundTrip,
  programsChecked,
} from "./data/programs.ts";
export { sequencesKept, sequencesResumed } from "./data/ragged.ts";
export {
  breachOf,
  damage,
  type Edit,
  kindsOfEdits,
  type ReaderSubject,
  readsOrRefuses,
} from "./data/readers.ts";
export {
  drawnByWeight,
  drawnIndependently,
  drawnOnce,
  type IndependentDraws,
  type Sampling,
  samplerLaws,
} from "./data/samplers.ts";
export {
  boundedReading,
  chunking,
  faultsLoseNothing,
  keyedOrder,
  releasedReading,
  resumedReading,
  rowsKept,
  type SourceReading,
  sourceLaws,
} from "./data/sources.ts";
export {
  canonicalWords,
  type Tokenizer,
  tokenizerLaws,
  wholeWords,
  wordsOfWords,
} from "./data/tokenizing.ts";
export { mapping, type Vmap } from "./derivatives/batching.ts";
export { checkGradients, type GradientOptions } from "./derivatives/checkGradients.ts";
export { compositions } from "./derivatives/compositions.ts";
export {
  type Declared,
  declaredDerivative,
  elementByElement,
  type Kinked,
} from "./derivatives/declared.ts";
export {
  adjoint,
  derivativeLaws,
  differenceQuotients,
  exact,
  linearity,
  type Modes,
  modes,
  primalPreservation,
} from "./derivatives/derivatives.ts";
export { chainRule, hessianSymmetry } from "./derivatives/higherOrder.ts";
export { derivativesOfMaps } from "./derivatives/mappedDerivatives.ts";
export { parts } from "./derivatives/parts.ts";
export {
  type Differentiation,
  differentiations,
  type Nesting,
  nestings,
  noConfusion,
} from "./derivatives/perturbation.ts";
export {
  type Domain,
  distinct,
  nonzero,
  positive,
  proper,
  real,
  small,
  tensors,
  unkinked,
} from "./domain.ts";
export {
  type AsyncLaw,
  type AsyncTrial,
  across,
  type CheckOptions,
  type Composed,
  check,
  checkAsync,
  type Family,
  type Held,
  type Law,
  LawBroken,
  law,
  mustHold,
  type Trial,
} from "./law.ts";
export { type CtcDecoded, type CtcDecoder, ctcAlignments } from "./networks/ctcDecoders.ts";
export { type Decoded, type Decoder, noInventedTokens } from "./networks/decoders.ts";
export { decodingLaws, greedyDecoding, type Speaker, stepByStep } from "./networks/decoding.ts";
export { type KnownLayer, type KnownLayers, knownLayersOf } from "./networks/knownLayers.ts";
export {
  type LayerSubject,
  layerAssociativity,
  layerIdentity,
  layerLaws,
  layerSerialization,
  layerSubject,
} from "./networks/layers.ts";
export { locality } from "./networks/locality.ts";
export {
  constantMean,
  type Labelled,
  type MeanLoss,
  neverNegative,
  unknownLabels,
} from "./networks/losses.ts";
export {
  type Example,
  type KnownScore,
  knownScore,
  type MetricClaims,
  type MetricSubject,
  metricBatching,
  metricClaims,
  metricDirection,
  metricHonesty,
  metricLaws,
  metricMonoid,
  metricRange,
  metricSubject,
  shareClaims,
} from "./networks/metrics.ts";
export {
  knownPairs,
  type PairMetricSubject,
  pairMetricLaws,
  pairMetricMonoid,
  pairMetricRange,
  pairMetricSubject,
  perfection,
} from "./networks/pairMetrics.ts";
export { finiteSlopes, noLostSlopes, type Saturated } from "./networks/saturation.ts";
export { type Meaning, type StateCase, stateLaw } from "./networks/states.ts";
export {
  type Arguments,
  aboveZero,
  anyWhole,
  between,
  everyOption,
  finiteNumber,
  fromZero,
  type Option,
  type OptionsOf,
  optionLaws,
  optionsOf,
  placeOf,
  type Range,
  refusesBeyond,
  takesWithin,
  wholeFrom,
} from "./options.ts";
export { tableOfLaws } from "./ran.ts";
export { type Drawing, oneDrawPerKey } from "./randomness/draws.ts";
export {
  type Beginning,
  type InitialCase,
  initialDistributions,
  initialKeys,
  initialLaws,
} from "./randomness/initials.ts";
export {
  type Chances,
  distinctKeys,
  type KeyMaker,
  moments,
  resolution,
  type Sampler,
} from "./randomness/keys.ts";
export { type DrawingLayer, distinctDraws, meanOverKeys } from "./randomness/stepDraws.ts";
export {
  kinkedPrimitives,
  primitiveCases,
  primitiveFunctions,
} from "./registry/primitives/index.ts";
export { exampleOfLayer, functionFrom, functionOfLayer, type LayerFunction } from "./subjects.ts";
export { laws } from "./suites.ts";
export { batched, cotangentMap, type SymbolicFunction, tangentMap } from "./symbolic.ts";
export {
  type EnvironmentSubject,
  environmentLaws,
  gamesApart,
  gamesPossible,
  keyedGames,
  partsOfGames,
  rangesKept,
  rolloutIsALoop,
  statesShown,
  typesKept,
} from "./training/environments.ts";
export {
  type LearnerSubject,
  learnerLaws,
  optimizersAverage,
  repeatedEvaluation,
  sameSteps,
  sharding,
  shardsAreParts,
  stepwiseResumption,
  stillness,
} from "./training/learners.ts";
export {
  type OperatorSubject,
  operatorColdness,
  operatorResumption,
  operatorTeardown,
} from "./training/operators.ts";
export {
  type DefaultsSubject,
  documentedDefaults,
  type OptimizerSubject,
  optimizerAssociativity,
  optimizerIdentity,
  optimizerLaws,
  restingPoint,
} from "./training/optimizers.ts";
export {
  type PredictionSubject,
  predictionIsApply,
  predictionLaws,
  rowsApart,
} from "./training/prediction.ts";
export { boundedInfluence, type PrivateSubject } from "./training/privacy.ts";
export {
  type DrawnSchedule,
  type RatedSubject,
  ratesAreUsed,
  type ScheduleSubject,
  scheduleMeaning,
} from "./training/rates.ts";
export { itemsDrawn, lastItems, type ReplaySubject, replayLaws } from "./training/replay.ts";
export {
  type SearchSubject,
  searchesApart,
  searchLaws,
  visitsAreLegal,
  winsAreTaken,
} from "./training/searches.ts";
export {
  type Landscape,
  playSearch,
  pointsOfTheCube,
  type StrategySubject,
  searchEnds,
  searchResumption,
  strategyLaws,
} from "./training/strategies.ts";
export { type SubmissionSubject, submission } from "./training/submission.ts";
export {
  interruption,
  type Part,
  type Run,
  reproduction,
  resumption,
  type Trainer,
  trainerOf,
} from "./training/training.ts";
export {
  branching,
  parting,
  rewinding,
  type Traveler,
  travelerOf,
  travelLaws,
  type Verifier,
  verification,
} from "./training/travel.ts";
export { type Accurate, accuracy } from "./values/accuracy.ts";
export { type Comparing, comparesAsNumbers } from "./values/comparisons.ts";
export { type Counting, countsOrRefuses } from "./values/counting.ts";
export { type Einsum, sumsOfProducts } from "./values/einsum.ts";
export { emptyAxes } from "./values/empty.ts";
export {
  allFloats,
  finiteFloats,
  type Hostility,
  hostile,
  hostileDomain,
  logUniform,
  uniform,
} from "./values/hostile.ts";
export { hostileAgreement, signedZeros } from "./values/hostileMeaning.ts";
export { exactOrRefused } from "./values/integers.ts";
export {
  type Known,
  type KnownValue,
  type KnownValues,
  knownValue,
  knownValuesOf,
  type Numbers,
} from "./values/known.ts";
export { indices, type LongOperand, type LongSum, longSums, numbers } from "./values/longAxes.ts";
export {
  backendsAgree,
  type Compile,
  compilerOf,
  immutability,
  meaningKept,
  threadsAgree,
} from "./values/meaning.ts";
export { nanPropagates } from "./values/nan.ts";
export { type Homogeneous, scaling } from "./values/scaling.ts";
