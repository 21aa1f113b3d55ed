/** Reinforcement learning: learners that play environments, and learn from what they played. */

export { type ActorCritic, actorCritic, type Weighing } from "./actorCritic.ts";
export {
  discountedReturns,
  generalizedAdvantages,
  type Rewarded,
  type Valued,
} from "./advantages.ts";
export type { AgentParams } from "./agent.ts";
export { type Dqn, type DqnCarried, dqn } from "./dqn.ts";
export { episodes, lossRate, meanLength, meanReturn, winRate } from "./episodes.ts";
export type { Exploration } from "./greedy.ts";
export type { Acting, OnPolicy, PlayingLearner } from "./onPolicy.ts";
export {
  type Action,
  type External,
  type ExternalEnvironment,
  type ExternalGame,
  type ExternalOutcome,
  externalEnvironment,
  type Numbers,
} from "./outside/external.ts";
export {
  type AlphaZero,
  type AlphaZeroCarried,
  alphaZero,
  type Move,
} from "./planning/alphaZero.ts";
export { gumbel, puct } from "./planning/planners.ts";
export {
  type Choosing,
  type Moves,
  type Opinion,
  type Plan,
  type Planner,
  type Search,
  treeSearch,
} from "./planning/tree.ts";
export { type ActionDistribution, categoricalPolicy, gaussianPolicy } from "./policies.ts";
export { policyBaseline } from "./policyBaseline.ts";
export { clippedSurrogate, type Ppo, ppo } from "./ppo.ts";
export { type QLearning, qLearning, type Tabular } from "./qLearning.ts";
export { type Reinforce, reinforce } from "./reinforce.ts";
export { type ItemTypes, type Memory, type Parts, type Replay, replay } from "./replay.ts";
