/** Generating sequences token by token. */

export {
  type CtcBeam,
  type CtcSearch,
  ctcBeamSearch,
  ctcGreedySearch,
  type Transcript,
} from "./ctc.ts";
export {
  type Autoregressive,
  type Carried,
  type Continuation,
  type Continue,
  compileDecoder,
  type DecodeStep,
  type DecodingFailure,
  type Initialized,
  type Source,
} from "./decoder.ts";
export {
  applyTemperature,
  type Logits,
  type Sampling,
  sampleToken,
  topKLogits,
  topPLogits,
} from "./sampling.ts";
export {
  type Beam,
  beamSearch,
  generate,
  greedySearch,
  type Hypothesis,
  type Span,
  sampleSequence,
} from "./search.ts";
