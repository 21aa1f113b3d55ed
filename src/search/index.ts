/** Searching for the parameters of pipelines. */

export { importance } from "./importance.ts";
export { type Best, type Search, type SearchEvent, search$ } from "./search.ts";
export {
  between,
  logBetween,
  oneOf,
  type Parameter,
  type Space,
  type ValuesOf,
  valuesAt,
  wholeBetween,
} from "./space.ts";
export { type Bayesian, bayesian } from "./strategies/bayesian.ts";
export {
  type Hyperband,
  hyperband,
  type SuccessiveHalving,
  successiveHalving,
} from "./strategies/halving.ts";
export { type PopulationBased, populationBased } from "./strategies/population.ts";
export {
  type GridSearch,
  gridSearch,
  quasiRandomSearch,
  randomSearch,
} from "./strategies/sampling.ts";
export type { Asked, Strategy } from "./strategies/strategy.ts";
export { epochOf, type Outcome, type Proposal, scoreOf, type Trial } from "./trial.ts";
