import { vmap } from "../../../autodiff/vmap.ts";
import { InvalidArgument } from "../../../errors.ts";
import type { Expr } from "../../../ir/expr.ts";
import type { Concrete, Unshaped } from "../../../ir/trees.ts";
import { zeros } from "../../../tensor/constructors.ts";
import type { Key } from "../../../tensor/key.ts";
import type { Environment, Policy } from "../../environments/environment.ts";
import type { Transition } from "../../environments/rollout.ts";
import { type Columns, columnOf } from "../../learner.ts";
import { playEpisodes } from "../episodes.ts";
import {
  beginGames,
  finiteTally,
  type Game,
  inFirst,
  noTally,
  type Played,
  play,
  type Tally,
  tallied,
} from "../playing.ts";
import type { ExternalEnvironment } from "./external.ts";

/** Games in progress. Of games outside of programs only the tally is known. */
export type Games = Pick<Game, "tally"> & Partial<Game>;

/** How a learner plays. */
export interface Plays {
  /** The games before the first step: leaves are `[games, ...]`. */
  readonly begin: (key: Key) => Concrete<Games>;
  /** Plays some steps of all games: leaves are `[games, length, ...]`. */
  readonly play: (games: Unshaped<Games>, policy: Policy, rows: Columns) => Unshaped<PlayedBy>;
  /** Plays an episode of at most `limit` steps for each key. */
  readonly episodes: (keys: Expr, policy: Policy, limit: number) => Tally;
}
type PlayedBy = Omit<Played, "after"> & { readonly after: Games };

/** How many games are played, and how far. `anew` begins new episodes first, instead of going on. */
export interface Sitting {
  readonly games: number;
  readonly length: number;
  readonly anew: boolean;
}

/** Plays an environment of symbolic functions within the program. */
const within = (environment: Environment, { games, ...how }: Sitting): Plays => ({
  begin: (key) => beginGames(environment, games, key),
  // `begin` made these games.
  play: (before, policy) => vmap(play(environment, policy, how))(before as Unshaped<Game>),
  episodes: (keys, policy, limit) => playEpisodes(environment, policy, limit)(keys),
});

/** The columns of the steps of games outside of programs, each a row with its steps in order. */
export const stepColumns = [
  "observation",
  "action",
  "reward",
  "done",
  "truncated",
  "next",
] as const;

/** Takes the steps of games outside of programs from the rows of the batch. */
const outside = ({ name }: ExternalEnvironment, { games, anew }: Sitting): Plays => {
  const refused = (argument: string, expected: string) =>
    new InvalidArgument({ op: name, argument, expected, actual: "games outside of programs" });
  return {
    // The tally of games that have not begun.
    begin: () =>
      ({ tally: { earned: zeros([games]), steps: zeros([games], "i32") } }) as Concrete<Games>,
    play: ({ tally: before }, _, rows) => {
      if (rows.observation === undefined)
        throw refused("source", "a run by trainExternal$, which plays them");
      const [observation, action, reward, done, truncated, next] = stepColumns.map((column) =>
        columnOf(rows, column),
      ) as readonly Expr[] as readonly [Expr, Expr, Expr, Expr, Expr, Expr];
      const steps: Transition = { observation, choice: { action }, reward, done, truncated, next };
      return vmap((of: Transition, had: Tally): PlayedBy => {
        const { tally, episodes } = tallied(of, anew ? noTally() : had);
        return {
          after: { tally: finiteTally(of, tally) },
          steps: of,
          episodes,
          first: inFirst(of),
        };
      })(steps, before);
    },
    episodes: () => {
      throw refused("validation", "no held-out episodes, which only programs play");
    },
  };
};

/** How an environment is played. */
export const playsOf = (environment: Environment | ExternalEnvironment, how: Sitting): Plays =>
  "_tag" in environment ? outside(environment, how) : within(environment, how);
