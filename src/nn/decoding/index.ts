/** Sequences said token by token. */

export {
  type Autoregressive,
  type Carried,
  type Continuation,
  type Continue,
  continuing,
  type DecodingFailure,
  type Initialised,
  type Said,
  type Source,
} from "./continuation.ts";
export {
  type Logits,
  type Sampling,
  sampledFrom,
  tempered,
  topKLogits,
  topPLogits,
} from "./sampling.ts";
export {
  type Beam,
  beamSearch,
  greedy,
  type Hypothesis,
  type Span,
  sampling,
  saying,
} from "./search.ts";
