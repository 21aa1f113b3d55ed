import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { connectFourByItself } from "../../pipelines/control/connect-four.ts";
import { experience } from "../../src/data/index.ts";
import { predictor, tensor, train$, withData, withEpochs } from "../../src/index.ts";
import { episodes } from "../../src/learn/reinforcement/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

const services = backends.wasm;

describe("connect-four", () => {
  it("learns from games with itself, is judged by opponents, and finds a move that wins", async () => {
    const data = Effect.succeed({ train: experience(6), test: episodes(4, 2) });
    const short = pipe(connectFourByItself, withData(data), withEpochs(1));
    const events = await collect(train$(short, { services }));
    // It learns from 1000 remembered moves on, which the fourth step has.
    const all = losses(events);
    expect(all.slice(0, 3)).toEqual([0, 0, 0]);
    expect(all.at(-1)).toBeLessThan(all[3] as number);
    // Either player of a game with itself wins it.
    expect(Object.values(lastOf(events, "EpochCompleted").metrics)).toEqual(
      Array(3).fill(Number.NaN),
    );
    expect(lastOf(events, "Started").judgedIn).toMatch(/against a look four moves ahead/);
    const { metrics } = lastOf(events, "Completed").test ?? expect.unreachable();
    const { wins = 9, losses: lost = 9 } = metrics;
    expect(wins + lost).toBeLessThanOrEqual(1);
    expect(metrics.return).toBeCloseTo(wins - lost, 5);
    const [random, twoAhead] = lastOf(events, "Started").baselines;
    expect(random?.metrics.return).toBe(-1);
    expect(Math.abs(twoAhead?.metrics.return ?? 9)).toBeLessThanOrEqual(1);
    const samples = events.flatMap((event) => (event._tag === "Sampled" ? [event.text] : []));
    expect(samples).toHaveLength(2);
    expect(samples).toContainEqual(
      expect.stringMatching(
        /^of 100 games against random moves: \d+ won, \d+ lost; a look two moves ahead: \d+ won, \d+ lost$/,
      ),
    );
    // At most eight boards of six rows.
    expect(samples).toContainEqual(expect.stringMatching(/^(([·XO]{7} {2}){0,7}[·XO]{7}\n?){6}$/));

    const { state } = lastOf(events, "Completed");
    const none = Array.from({ length: 5 }, () => [0, 0, 0, 0, 0, 0, 0]);
    const answer = await predictor(connectFourByItself, state).answer({
      observation: tensor([...none, [-1, -1, 0, 1, 1, 1, -1]]),
    });
    expect(answer).toMatchObject({ action: 2 });
    expect("values" in answer && answer.values?.[2]).toBe(1);
    // A board of a user, whose columns that the search does not try have no value.
    const won = await predictor(connectFourByItself, state).answer({
      observation: tensor([...none.slice(1), [0, -1, -1, 0, 0, 0, 0], [-1, 1, 1, 1, 0, 0, 0]]),
    });
    expect(won).toMatchObject({ action: 4 });
    expect("values" in won && won.values).toHaveLength(7);
    expect("values" in won && won.values?.[4]).toBe(1);
    const hanging = tensor([...none, [0, 0, 0, 0, 0, 0, 0]].with(4, [0, 0, -1, 0, 0, 0, 0]));
    const refused = await predictor(connectFourByItself, state)
      .answer({ observation: hanging })
      .catch((error: Error) => error);
    expect(String(refused)).toMatch(
      /row 1 is no position that connectFour can have, where no empty place is under a piece\n {2}fix: give it a board of 6 lines of 7/,
    );
  });
});
