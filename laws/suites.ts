import { mapping } from "./batching.ts";
import { codecLaws } from "./codecs.ts";
import { declaredDerivative } from "./declared.ts";
import { decodingLaws } from "./decoding.ts";
import { adjoint, differenceQuotients, linearity, primalPreservation } from "./derivatives.ts";
import { oneDrawPerKey } from "./draws.ts";
import { chainRule, hessianSymmetry } from "./higherOrder.ts";
import { layerLaws } from "./layers.ts";
import { metricLaws } from "./metrics.ts";
import { nanPropagates } from "./nan.ts";
import { operatorResumption } from "./operators.ts";
import { optimizerLaws } from "./optimizers.ts";
import { noConfusion } from "./perturbation.ts";
import { scalerLaws } from "./preprocessing.ts";
import { scheduleMeaning } from "./rates.ts";
import { readsOrRefuses } from "./readers.ts";
import { tokenizerLaws } from "./tokenizing.ts";
import { reproduction, resumption } from "./training.ts";

/** The laws by what they speak of: the names by which docstrings call them. */
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
