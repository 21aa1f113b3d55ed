/** Environments for reinforcement learning: pure symbolic functions, which programs play in a `scan` and under `vmap`. */

export { type AcrobotState, acrobot } from "./acrobot.ts";
export { against } from "./against.ts";
export { type CartPoleState, cartPole } from "./cartPole.ts";
export { type CatchState, catchGame } from "./catchGame.ts";
export { connectFour } from "./connectFour.ts";
export {
  type Actions,
  actionType,
  type Beginning,
  type Bound,
  type Choice,
  type Environment,
  type Outcome,
  type Policy,
  type PositionRule,
  randomLegalPolicy,
  randomPolicy,
  type Space,
} from "./environment.ts";
export { type GridWorldOptions, type GridWorldState, gridWorld } from "./gridWorld.ts";
export type { BoardState } from "./lineGame.ts";
export { lookAhead } from "./lookAhead.ts";
export { type MountainCarState, mountainCar } from "./mountainCar.ts";
export { type PendulumState, pendulum } from "./pendulum.ts";
export { begin, type Playing, rollout, type Transition } from "./rollout.ts";
export { ticTacToe } from "./ticTacToe.ts";
export { type Timed, withTimeLimit } from "./timeLimit.ts";
