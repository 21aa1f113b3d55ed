import * as Effect from "effect/Effect";
import { EnvironmentFailed } from "../../../errors.ts";
import type { TensorType } from "../../../ir/expr.ts";
import { nth } from "../../../tensor/list.ts";
import { showShape, sizeOf } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { present, whole } from "../../../tensor/validate.ts";
import type { Actions, Space } from "../../environments/environment.ts";

/** Numbers in row-major order, or a tensor. */
export type Numbers = Tensor | ArrayLike<number>;

/** A whole number for a discrete action, or the numbers of a continuous one in row-major order. */
export type Action = number | readonly number[];

/** What an outside game says after an action. */
export interface ExternalOutcome {
  readonly observation: Numbers;
  readonly reward: number;
  /** Whether the rules ended the episode. */
  readonly done: boolean;
  /** Whether a time limit ended the episode, which would have gone on. Defaults to `false`. */
  readonly truncated?: boolean;
}

/** A game outside of programs: a simulator, a robot, a page. Both methods may answer later. */
export interface ExternalGame {
  /** Begins an episode. The seed is another one each time. */
  reset(seed: number): Numbers | Promise<Numbers>;
  step(action: Action): ExternalOutcome | Promise<ExternalOutcome>;
}

/** An environment outside of programs. */
export interface ExternalEnvironment {
  readonly _tag: "External";
  readonly name: string;
  readonly observation: Space;
  readonly actions: Actions;
  readonly games: readonly ExternalGame[];
}

/** The description of {@link externalEnvironment}. */
export interface External extends Omit<ExternalEnvironment, "_tag" | "name" | "observation"> {
  /** The name in errors. Defaults to `"external"`. */
  readonly name?: string;
  /** What the games show. The range of the numbers defaults to any. */
  readonly observation: TensorType & Partial<Space>;
}

/**
 * An environment of games that are not programs: any objects with `reset` and `step`. They are played side by side, one
 * episode after another, by a learner in `trainExternal$`.
 *
 * **Fails with** `InvalidArgument`, thrown, where there is no game.
 */
export const externalEnvironment = (spec: External): ExternalEnvironment => {
  present("externalEnvironment", spec, {
    observation: 'what the games show, such as { shape: [4], dtype: "f32" }',
    actions: 'what they take, such as { kind: "discrete", count: 2 }',
    games: "a list of games with reset and step",
  });
  const { name = "external", observation, actions, games } = spec;
  whole(1)("externalEnvironment", { games: games.length });
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return { _tag: "External", name, observation: { low, high, ...observation }, actions, games };
};

/** One step of every game. */
export interface ExternalStep {
  /** What each game showed before. */
  readonly observation: readonly Float32Array[];
  /** What the action led to, before any reset. */
  readonly next: readonly Float32Array[];
  readonly reward: readonly number[];
  readonly done: readonly boolean[];
  readonly truncated: readonly boolean[];
}

/** The games of an environment in progress. */
export interface Table {
  /** What each game shows. */
  readonly shown: () => readonly Float32Array[];
  /** Begins a new episode in every game. */
  readonly begin: Effect.Effect<void, EnvironmentFailed>;
  /** Plays an action in every game, and begins a new episode where one ended. */
  readonly play: (actions: readonly Action[]) => Effect.Effect<ExternalStep, EnvironmentFailed>;
}

/** A player's seat at a game: what it shows now, and the steps of its episode. */
interface Seat {
  readonly shown: Float32Array;
  readonly steps: number;
}

/** Sits down at the games of an environment, of which `seeds` gives a new seed for each episode. */
export const tableOf = (
  { name, observation, games }: ExternalEnvironment,
  seeds: () => number,
): Table => {
  const size = sizeOf(observation.shape);
  const failing = (game: number, step: number) => (problem: string, expected: string) =>
    new EnvironmentFailed({ environment: name, game, step, problem, expected });
  type Failing = ReturnType<typeof failing>;

  const asked = <A>(ask: () => A | Promise<A>, fail: Failing) =>
    Effect.tryPromise({
      try: async () => ask(),
      catch: (cause) => fail(`threw: ${String(cause)}`, "catch it, or correct the environment"),
    });
  const seen = (given: unknown, fail: Failing) => {
    const expected = `return an observation of ${size} finite numbers, ${showShape(observation.shape)} in row-major order`;
    const numbers = given instanceof Tensor ? Tensor.read(given) : given;
    const length = (numbers as ArrayLike<number> | undefined)?.length;
    if (typeof numbers !== "object" || length === undefined)
      return Effect.fail(fail(`returned ${String(given)} as an observation`, expected));
    if (length !== size)
      return Effect.fail(fail(`returned an observation of ${length} numbers`, expected));
    const values = Float32Array.from(numbers as ArrayLike<number>);
    const wrong = values.findIndex((x) => !Number.isFinite(x));
    return wrong < 0
      ? Effect.succeed(values)
      : Effect.fail(
          fail(`returned an observation whose number ${wrong} is ${values[wrong]}`, expected),
        );
  };
  const reset = Effect.fnUntraced(function* (game: number) {
    const fail = failing(game, 0);
    const shown = yield* seen(yield* asked(() => nth(games, game).reset(seeds()), fail), fail);
    return { shown, steps: 0 } satisfies Seat;
  });
  const step = Effect.fnUntraced(function* (
    game: number,
    seat: Seat,
    action: number | readonly number[],
  ) {
    const fail = failing(game, seat.steps + 1);
    const outcome = yield* asked(() => nth(games, game).step(action), fail);
    const next = yield* seen(outcome?.observation, fail);
    const { reward, done, truncated = false } = outcome;
    if (typeof reward !== "number" || !Number.isFinite(reward))
      return yield* fail(`returned ${String(reward)} as a reward`, "return a finite number");
    for (const flag of [done, truncated])
      if (typeof flag !== "boolean")
        return yield* fail(`returned ${String(flag)} as done or truncated`, "return true or false");
    const ended = done || truncated;
    const after = ended ? yield* reset(game) : { shown: next, steps: seat.steps + 1 };
    return { after, observation: seat.shown, next, reward, done, truncated: truncated && !done };
  });

  let seats: readonly Seat[] = [];
  const all = { concurrency: "unbounded" } as const;
  return {
    shown: () => seats.map(({ shown }) => shown),
    begin: Effect.map(
      Effect.forEach(games, (_, game) => reset(game), all),
      (begun) => {
        seats = begun;
      },
    ),
    play: (actions) =>
      Effect.map(
        Effect.forEach(seats, (seat, game) => step(game, seat, nth(actions, game)), all),
        (played) => {
          seats = played.map(({ after }) => after);
          return {
            observation: played.map((of) => of.observation),
            next: played.map((of) => of.next),
            reward: played.map((of) => of.reward),
            done: played.map((of) => of.done),
            truncated: played.map((of) => of.truncated),
          };
        },
      ),
  };
};
