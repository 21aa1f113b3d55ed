/**
 * The laws of fluxion, as values: `check(law, subject)` on what fluxion defines and on what users define.
 * `fluxion/laws/vitest` registers them as tests.
 */

export { type Accurate, accuracy } from "./accuracy.ts";
export { mapping, type Vmap } from "./batching.ts";
export { checkGradients, type GradientOptions } from "./checkGradients.ts";
export { anyDepth, type CodecSubject, codecLaws, refusal, roundTrip } from "./codecs.ts";
export { type Comparing, comparesAsNumbers } from "./comparisons.ts";
export { compositions } from "./compositions.ts";
export { type Declared, declaredDerivative, elementByElement, type Kinked } from "./declared.ts";
export { decodingLaws, greedyDecoding, type Speaker, stepByStep } from "./decoding.ts";
export {
  adjoint,
  derivativeLaws,
  differenceQuotients,
  exact,
  linearity,
  type Modes,
  modes,
  primalPreservation,
} from "./derivatives.ts";
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
export { type Drawing, oneDrawPerKey } from "./draws.ts";
export { emptyAxes } from "./empty.ts";
export { chainRule, hessianSymmetry } from "./higherOrder.ts";
export {
  allFloats,
  finiteFloats,
  type Hostility,
  hostile,
  hostileDomain,
  logUniform,
  uniform,
} from "./hostile.ts";
export { hostileAgreement, signedZeros } from "./hostileMeaning.ts";
export {
  type Beginning,
  type InitialCase,
  initialDistributions,
  initialKeys,
  initialLaws,
} from "./initials.ts";
export { exactOrRefused } from "./integers.ts";
export {
  type Chances,
  distinctKeys,
  type KeyMaker,
  moments,
  resolution,
  type Sampler,
} from "./keys.ts";
export {
  type Known,
  type KnownValue,
  type KnownValues,
  knownValue,
  knownValuesOf,
  type Numbers,
} from "./known.ts";
export { type KnownLayer, type KnownLayers, knownLayersOf } from "./knownLayers.ts";
export {
  type AsyncLaw,
  type AsyncTrial,
  across,
  type CheckOptions,
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
export {
  type LayerSubject,
  layerAssociativity,
  layerIdentity,
  layerLaws,
  layerSerialisation,
} from "./layers.ts";
export { locality } from "./locality.ts";
export { indices, type LongOperand, type LongSum, longSums, numbers } from "./longAxes.ts";
export {
  constantMean,
  type Labelled,
  type MeanLoss,
  neverNegative,
  unknownLabels,
} from "./losses.ts";
export { derivativesOfMaps } from "./mappedDerivatives.ts";
export {
  backendsAgree,
  type Compile,
  compilerOf,
  immutability,
  meaningKept,
  threadsAgree,
} from "./meaning.ts";
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
} from "./metrics.ts";
export { nanPropagates } from "./nan.ts";
export { type OperatorSubject, operatorResumption } from "./operators.ts";
export {
  type DefaultsSubject,
  documentedDefaults,
  type OptimizerSubject,
  optimizerAssociativity,
  optimizerIdentity,
  optimizerLaws,
  restingPoint,
} from "./optimizers.ts";
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
export {
  type Differentiation,
  differentiations,
  type Nesting,
  nestings,
  noConfusion,
} from "./perturbation.ts";
export {
  constantsVanish,
  promiseKept,
  type ScalerSubject,
  scalerLaws,
  unitsVanish,
  widthsKept,
} from "./preprocessing.ts";
export { tableOfLaws } from "./ran.ts";
export {
  type DrawnSchedule,
  type RatedSubject,
  ratesAreUsed,
  type ScheduleSubject,
  scheduleMeaning,
} from "./rates.ts";
export {
  breachOf,
  damage,
  type Edit,
  kindsOfEdits,
  type ReaderSubject,
  readsOrRefuses,
} from "./readers.ts";
export { kinkedPrimitives, primitiveCases, primitiveFunctions } from "./registry/primitives.ts";
export { type Homogeneous, scaling } from "./scaling.ts";
export { type Meaning, type StateCase, stateLaw } from "./states.ts";
export { type DrawingLayer, distinctDraws, meanOverKeys } from "./stepDraws.ts";
export { exampleOfLayer, functionFrom, functionOfLayer } from "./subjects.ts";
export { laws } from "./suites.ts";
export { batched, cotangentMap, type SymbolicFunction, tangentMap } from "./symbolic.ts";
export {
  canonicalWords,
  type Tokenizer,
  tokenizerLaws,
  wholeWords,
  wordsOfWords,
} from "./tokenizing.ts";
export { type Run, reproduction, resumption, type Trainer, trainerOf } from "./training.ts";
