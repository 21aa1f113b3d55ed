import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { check, laws } from "../../../../laws/index.ts";
import {
  type SearchSubject,
  visitsAreLegal,
  winsAreTaken,
} from "../../../../laws/training/searches.ts";
import { holds } from "../../../../laws/vitest.ts";
import { neg } from "../../../../src/ir/index.ts";
import {
  connectFour,
  type Environment,
  ticTacToe,
} from "../../../../src/learn/environments/index.ts";
import {
  gumbel,
  type Planner,
  puct,
  treeSearch,
} from "../../../../src/learn/reinforcement/index.ts";

const searches = (planners: { readonly [name: string]: Planner }) =>
  [connectFour(), ticTacToe()].flatMap((game) =>
    Object.entries(planners).map(([name, planner]): SearchSubject => {
      return { name: `${name} in ${game.name}`, game, planner, search: treeSearch };
    }),
  );

holds(laws.treeSearch, searches({ gumbel: gumbel(), puct: puct() }), { runs: 2 });
// What is not considered may have won.
holds([visitsAreLegal], searches({ "gumbel of three": gumbel({ considered: 3, scale: 0.1 }) }), {
  runs: 3,
});

/** The reason why a changed search breaks a law; "" where it does not. */
const broken = (law: typeof visitsAreLegal, search: typeof treeSearch) => {
  const subject = { name: "planted", game: connectFour(), planner: puct(), search };
  const verdict = check(law, subject, { runs: 10 });
  return isLeft(verdict) ? verdict.left.reason : "";
};

describe("planted mistakes in searches are noticed", () => {
  it("a simulation too many", () =>
    expect(
      broken(visitsAreLegal, (game, planner, { simulations }) =>
        treeSearch(game, planner, { simulations: simulations + 1 }),
      ),
    ).toContain("visits"));
  it("nobody asks what is legal", () => {
    // A column is full after six moves, so that the first of them must be played often.
    const game = (of: Environment): Environment => {
      const { legal: _, ...rest } = of;
      return rest;
    };
    expect(
      broken(visitsAreLegal, (of, planner, options) => treeSearch(game(of), planner, options)),
    ).toContain("legal");
  });
  it("who wins has lost", () =>
    expect(
      broken(winsAreTaken, (game, planner, options) =>
        treeSearch(
          {
            ...game,
            step: (state, action, key) => {
              const after = game.step(state, action, key);
              return { ...after, reward: neg(after.reward) };
            },
          },
          planner,
          options,
        ),
      ),
    ).toContain("is advised"));
});
