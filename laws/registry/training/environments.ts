import type * as room from "../../../src/learn/environments/index.ts";
import {
  acrobot,
  against,
  cartPole,
  catchGame,
  connectFour,
  type Environment,
  gridWorld,
  mountainCar,
  pendulum,
  randomLegalPolicy,
  ticTacToe,
  withTimeLimit,
} from "../../../src/learn/environments/index.ts";

/** The names of all environments. */
export type Environments = {
  readonly [Name in keyof typeof room]: (typeof room)[Name] extends (options?: never) => Environment
    ? Name
    : never;
}[keyof typeof room];

/** Every environment, in several settings. A missing one does not compile. */
const settings: { readonly [Name in Environments]: readonly Environment[] } = {
  cartPole: [cartPole(), withTimeLimit(7)(cartPole())],
  mountainCar: [mountainCar()],
  pendulum: [withTimeLimit(10)(pendulum())],
  acrobot: [acrobot()],
  catchGame: [catchGame()],
  gridWorld: [
    gridWorld({ slip: 0.2, stepReward: -0.04 }),
    withTimeLimit(5)(gridWorld({ layout: ["SG", "S#", "SX"] })),
  ],
  ticTacToe: [ticTacToe(), against(ticTacToe(), randomLegalPolicy(ticTacToe()))],
  connectFour: [connectFour()],
};

/** Every environment in each of its settings. */
export const environmentCases: readonly Environment[] = Object.values(settings).flat();
