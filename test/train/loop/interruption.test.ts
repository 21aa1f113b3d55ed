import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import { type TrainEvent, train$, withEpochs } from "../../../src/index.ts";
import { backends, collect, losses, small } from "../examples.ts";

const endless = pipe(small, withEpochs(1_000_000));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.each(["reference", "wasm", "late 1", "late 8"] as const)(
  "a run on %s without subscribers",
  (name) => {
    const services = backends[name];

    it("stops before its next step when it is unsubscribed from outside", async () => {
      const events: TrainEvent[] = [];
      const running = train$(endless, { services }).subscribe((event) => events.push(event));
      while (losses(events).length < 20) await pause(1);
      running.unsubscribe();
      const seen = events.length;
      await pause(30);
      expect(events.length).toBe(seen);
    });

    it("stops right after the event at which it is unsubscribed", async () => {
      const events = await collect(train$(endless, { services }).pipe(take(9)));
      expect(events).toHaveLength(9);
    });

    it("never starts if it is unsubscribed first", async () => {
      const events: TrainEvent[] = [];
      train$(endless, { services })
        .subscribe((event) => events.push(event))
        .unsubscribe();
      await pause(30);
      expect(events.length).toBeLessThan(100);
      const seen = events.length;
      await pause(30);
      expect(events.length).toBe(seen);
    });

    it("does not affect another subscription", async () => {
      const run$ = train$(small, { services });
      const expected = losses(await collect(run$));
      const other = collect(run$);
      run$.subscribe().unsubscribe();
      expect(losses(await other)).toEqual(expected);
    });
  },
);

describe("a run", () => {
  it("yields to the event loop repeatedly", async () => {
    const running = train$(endless, { services: backends.wasm }).subscribe();
    // A run that never yielded would let no timer fire. The frequency depends on the machine.
    for (let tick = 0; tick < 20; tick++) await pause(1);
    expect(running.closed).toBe(false);
    running.unsubscribe();
  });
});
