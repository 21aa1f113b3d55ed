import { finalize, NEVER, of as only, throwError } from "rxjs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { subscribeMain, whenUnwritten } from "../../src/train/main.ts";

type Listener = (...args: readonly unknown[]) => void;

/** The present listeners of the process. A test calls them directly, so that no other listener runs. */
const heard = {
  SIGINT: () => process.rawListeners("SIGINT") as Listener[],
  SIGTERM: () => process.rawListeners("SIGTERM") as Listener[],
  error: () => process.stdout.rawListeners("error") as Listener[],
};
type Signal = keyof typeof heard;

const said = vi.spyOn(console, "error").mockImplementation(() => {});
let before: { readonly [S in Signal]: readonly Listener[] };
const added = (signal: Signal): readonly Listener[] =>
  heard[signal]().filter((listener) => !before[signal].includes(listener));
const happens = (signal: Signal, ...what: readonly unknown[]): void => {
  for (const listener of added(signal)) listener(...what);
};

beforeEach(() => {
  process.exitCode = undefined;
  before = { SIGINT: heard.SIGINT(), SIGTERM: heard.SIGTERM(), error: heard.error() };
});
afterEach(() => {
  for (const listener of added("error")) process.stdout.removeListener("error", listener);
  process.exitCode = undefined;
  said.mockClear();
});

/** A stream that does not end, as the purpose of the process; and whether it was left. */
const running = () => {
  let left = 0;
  subscribeMain(NEVER.pipe(finalize(() => left++)));
  return () => left;
};

describe("a stream as the purpose of a process", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("is left at %s, with exit code %i, and listens no more", (signal, code) => {
    const left = running();
    expect([added("SIGINT").length, added("SIGTERM").length, left()]).toEqual([1, 1, 0]);
    happens(signal, signal);
    expect([left(), process.exitCode]).toEqual([1, code]);
    expect([...added("SIGINT"), ...added("SIGTERM")]).toEqual([]);
  });

  it("is left where its output cannot be written", () => {
    const left = running();
    happens("error", Object.assign(new Error("closed"), { code: "EPIPE" }));
    expect([left(), process.exitCode]).toEqual([1, undefined]);
    expect([...added("SIGINT"), ...added("SIGTERM")]).toEqual([]);
  });

  it("that ends by itself listens no more, and one that fails says so", () => {
    subscribeMain(only(1));
    expect([...added("SIGINT"), ...added("SIGTERM"), process.exitCode]).toEqual([undefined]);
    subscribeMain(throwError(() => new Error("broken")));
    expect(said.mock.calls).toEqual([[expect.stringContaining("broken")]]);
    expect([...added("SIGINT"), ...added("SIGTERM"), process.exitCode]).toEqual([1]);
  });
});

describe("an output that cannot be written", () => {
  it("is explained once, and is a failure", () => {
    const stop = vi.fn();
    whenUnwritten(stop);
    for (const times of [1, 2]) {
      happens("error", Object.assign(new Error("no space left"), { code: "ENOSPC" }));
      expect(stop).toHaveBeenCalledTimes(times);
      expect(said.mock.calls).toEqual([[expect.stringContaining("no space left")]]);
      expect(process.exitCode).toBe(1);
    }
  });

  it("is none where the reader has gone away", () => {
    const stop = vi.fn();
    whenUnwritten(stop);
    happens("error", Object.assign(new Error("closed"), { code: "EPIPE" }));
    expect(stop).toHaveBeenCalledTimes(1);
    expect([said.mock.calls.length, process.exitCode]).toEqual([0, undefined]);
  });
});
