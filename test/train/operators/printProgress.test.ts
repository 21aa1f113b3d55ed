import { concat, from, lastValueFrom, NEVER, toArray } from "rxjs";
import { describe, expect, it } from "vitest";

import {
  printProgress,
  progressBar,
  type TextStream,
} from "../../../src/train/operators/printProgress.ts";
import { completed, type Event, epoch, started, step } from "./events.ts";

const recorder = (isTTY: boolean, columns = 100): TextStream & { readonly written: string[] } => {
  const written: string[] = [];
  return { written, isTTY, columns, write: (text) => written.push(text) };
};

const events: readonly Event[] = [
  started,
  { _tag: "EpochStarted", epoch: 1 },
  step(100),
  epoch(1, 0.25, 0.3),
  completed(1),
];

describe("printProgress", () => {
  it("prints one line for each epoch where there is no terminal", async () => {
    const stream = recorder(false);
    await lastValueFrom(from(events).pipe(printProgress({ stream })));
    expect(stream.written.join("")).toMatchInlineSnapshot(`
      "digits · 12,800 examples · 101,770 parameters · 200 steps per epoch · wasm
      epoch 1/5  loss 0.2500  accuracy 0.7500  validation loss 0.3000  1.2 s (10,373 examples/s)
      test       loss 0.0834  accuracy 0.9751
      "
    `);
  });

  it("draws a bar on a terminal and clears it before a line", async () => {
    const stream = recorder(true);
    await lastValueFrom(from(events).pipe(printProgress({ stream, every: 0 })));
    expect(stream.written[1]).toContain("━");
    expect(stream.written[2]?.startsWith("\r\u001b[2K")).toBe(true);
  });

  it("passes every event on as it is", async () => {
    const seen = await lastValueFrom(
      from(events).pipe(printProgress({ stream: recorder(true) }), toArray()),
    );
    expect(seen).toEqual(events);
  });

  it("leaves a clean line when it is unsubscribed in the middle of an epoch", () => {
    const stream = recorder(true);
    const running = concat(from(events.slice(0, 3)), NEVER)
      .pipe(printProgress({ stream, every: 0 }))
      .subscribe();
    running.unsubscribe();
    expect(stream.written.at(-1)).toBe("\r\u001b[2K");
  });

  it.each([20, 40, 80, 200])("draws a bar that fits %i columns", (columns) => {
    const bar = progressBar(step(150), started, columns);
    expect(bar.length).toBeLessThan(columns);
    expect(bar).toContain("epoch 1/5");
  });
});
