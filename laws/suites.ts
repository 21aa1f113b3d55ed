import { codecLaws } from "./data/codecs.ts";
import { scalerLaws } from "./data/preprocessing.ts";
import { readsOrRefuses } from "./data/readers.ts";
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
import { oneDrawPerKey } from "./randomness/draws.ts";
import { operatorResumption } from "./training/operators.ts";
import { optimizerLaws } from "./training/optimizers.ts";
import { scheduleMeaning } from "./training/rates.ts";
import { reproduction, resumption } from "./training/training.ts";
import { nanPropagates } from "./values/nan.ts";

/** The law suites by subject, under the names that docstrings refer to. */
export const laws = {
  /** Of a function's forward derivative. */
  jvp: [primalPreservation(), differenceQuotients(), linearity(), chainRule()],
  /** Of a function's backward derivative. */
  vjp: [primalPreservation(), adjoint(), linearity(), chainRule()],
  /** Of a function's derivatives at points where a person wrote what they are: its kinks. */
  kinks: [declaredDerivative()],
  /** Of a function's second derivative. */
  hessian: [hessianSymmetry()],
  /** Of a function that is given NaN. */
  nan: [nanPropagates()],
  /** Of one way of differentiating inside another. */
  nesting: [noConfusion],
  /** Of a function and what `vmap` makes of it. */
  vmap: [mapping()],
  layer: layerLaws,
  optimizer: optimizerLaws,
  metric: metricLaws,
  codec: codecLaws,
  /** Of a preprocessor that is fitted to a column. */
  scaler: scalerLaws,
  /** Of what reads files that a stranger may have written. */
  reader: [readsOrRefuses],
  /** Of what is built with a key. */
  draws: [oneDrawPerKey],
  /** Of what cuts texts into words. */
  tokenizer: tokenizerLaws,
  /** Of a model that says sequences token by token. */
  decoding: decodingLaws,
  /** Of a learning rate that depends on the step. */
  schedule: [scheduleMeaning],
  operator: [operatorResumption],
  training: [resumption, reproduction],
} as const;
