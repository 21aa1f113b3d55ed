import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { MemoryLimit, WorkerLost } from "../../../src/errors.ts";
import { inTurns, type Work } from "../../../src/train/loop/cooperate.ts";

/** Blocks for some milliseconds, or longer on a busy machine. */
const busy = (milliseconds: number): void => {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
};

/** Work that is done at once and comes to nothing. */
const nothing: Work<void, never> = {
  submit: () => "ended",
  room: () => true,
  read: () => {},
  use: () => undefined,
};

/** Work of `count` steps that reads each step before it submits the next. */
const steps = (count: number, step: () => void): Work<void, never> => {
  let [submitted, read] = [0, 0];
  return {
    ...nothing,
    room: () => submitted === read,
    submit: () => {
      if (submitted === count) return "ended";
      submitted++;
      step();
      return "submitted";
    },
    read: () => {
      read++;
    },
  };
};

/** How many pieces of work each turn of the event loop had, for pieces of at least some milliseconds. */
const piecesPerTurn = async (pieces: number, milliseconds: number): Promise<readonly number[]> => {
  let [turn, done] = [0, false];
  const count = (): void => {
    turn++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  const turns: number[] = [];
  await Effect.runPromise(
    inTurns<void, never>(
      steps(pieces, () => {
        turns.push(turn);
        busy(milliseconds);
      }),
      () => false,
    ),
  );
  done = true;
  return [...new Set(turns)].map((one) => turns.filter((other) => other === one).length);
};

describe("work in turns", () => {
  it("blocks the event loop for a few milliseconds, or for one piece of work", async () => {
    // A piece lasts at least a millisecond, so on any machine a turn of four milliseconds has at most four pieces. The
    // first turn may also contain other work.
    const each = await piecesPerTurn(60, 1);
    expect(each.reduce((a, b) => a + b)).toBe(60);
    expect(Math.max(...each)).toBeLessThanOrEqual(4);
  });

  it("yields after every piece that is longer than a turn", async () => {
    expect(Math.max(...(await piecesPerTurn(5, 6)))).toBe(1);
  });

  it.each([
    new WorkerLost({ worker: 1, workers: 1, reason: "its thread ended" }),
    new MemoryLimit({ of: "program", needed: 2 ** 30, limit: undefined, largest: [] }),
  ])("fails with the error that a program throws: $_tag", async (thrown) => {
    const throws = (): never => {
      throw thrown;
    };
    const failing = (work: typeof nothing) =>
      Effect.runPromise(Effect.flip(inTurns<void, never>(work, () => false)));
    const one = () => steps(1, () => {});
    expect(await failing({ ...one(), submit: throws })).toBe(thrown);
    expect(await failing({ ...one(), read: throws })).toBe(thrown);
    expect(await failing({ ...one(), read: () => Promise.reject(thrown) })).toBe(thrown);
  });

  it("does not yield after every short piece", async () => {
    expect((await piecesPerTurn(2000, 0)).length).toBeLessThan(1000);
  });
});
