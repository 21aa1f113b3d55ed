import { concat, from, lastValueFrom, NEVER, tap, toArray } from "rxjs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { widthOf } from "../../../src/terminal.ts";
import type { Validated } from "../../../src/train/events/event.ts";
import { confusionLines } from "../../../src/train/operators/confusionTable.ts";
import {
  printProgress,
  progressBar,
  progressLine,
  type TextStream,
} from "../../../src/train/operators/printProgress.ts";
import { at, completed, type Event, epoch, started, step } from "./events.ts";

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

// Whatever runs the tests may call itself a dumb terminal.
beforeEach(() => {
  vi.stubEnv("TERM", "xterm");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("printProgress", () => {
  it("breaks lines between words in a narrow window, and says in a table what fits", async () => {
    const confusion = {
      classes: ["a", "b"],
      counts: [
        [3, 1],
        [0, 4],
      ],
    };
    const held: Validated = {
      ...{ _tag: "Validated", on: "test", epoch: 5, step: 1000, loss: 1, metrics: {}, examples: 8 },
      confusion,
    };
    for (const columns of [60, 40, 20]) {
      const stream = recorder(true, columns);
      const all = from([...events.slice(0, -1), held, completed(1)]);
      await lastValueFrom(all.pipe(printProgress({ stream, every: 0 })));
      const lines = stream.written.join("").replaceAll("\r\u001b[2K", "\n").split("\n");
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(lines.some((line) => line.includes("F1"))).toBe(true);
    }
    const stream = recorder(true, 24);
    await lastValueFrom(from(events).pipe(printProgress({ stream, every: 0 })));
    expect(stream.written.at(-1)).toBe("test  loss 0.0834\n    accuracy 0.9751\n");
  });

  it("sends no control sequences to a terminal that obeys none", async () => {
    vi.stubEnv("TERM", "dumb");
    const stream = recorder(true);
    await lastValueFrom(from(events).pipe(printProgress({ stream, every: 0 })));
    expect(stream.written.join("")).not.toContain("\u001b");
    expect(stream.written).toHaveLength(3);
  });

  it("prints one line per epoch without a terminal", async () => {
    const stream = recorder(false);
    await lastValueFrom(from(events).pipe(printProgress({ stream })));
    expect(stream.written.join("")).toMatchInlineSnapshot(`
      "digits · 12,800 examples · 101,770 parameters · 200 steps per epoch · wasm
      epoch 1/5  loss 0.2500  accuracy 0.7500  validation loss 0.3000  1.2 s (10,373 examples/s)
      test       loss 0.0834  accuracy 0.9751
      "
    `);
  });

  it("says within a long epoch, without a terminal, which step was reached", async () => {
    const stream = recorder(false);
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    const steps$ = from([started, step(1), step(2), step(3), epoch(1, 0.25), step(201), step(202)]);
    const seconds = [0, 29, 30, 31, 59, 60, 89].values();
    const timed$ = steps$.pipe(
      tap(() => clock.mockReturnValue(1000 * (seconds.next().value ?? 0))),
    );
    await lastValueFrom(timed$.pipe(printProgress({ stream })));
    clock.mockRestore();
    expect(stream.written.map((line) => line.trimEnd())).toEqual([
      expect.stringMatching(/^digits/),
      "epoch 1/5  step   2/200  loss 0.5000  accuracy 0.8750  0.2 s left",
      expect.stringMatching(/^epoch 1\/5 {2}loss 0.2500/),
      "epoch 2/5  step   2/200  loss 0.5000  accuracy 0.8750  0.2 s left",
    ]);
  });

  it("says against whom held-out games are played, and nothing of what training could not measure", async () => {
    const stream = recorder(false);
    const metrics = { return: Number.NaN, wins: Number.NaN };
    const plays = { ...started, judgedIn: "chess against Kasparov" };
    const all = from([plays, { ...epoch(1, 0.25), metrics }, completed(1)]);
    await lastValueFrom(all.pipe(printProgress({ stream })));
    expect(stream.written.slice(1)).toEqual([
      "epoch 1/5  loss 0.2500  1.2 s (10,373 examples/s)\n",
      "test       loss 0.0834  accuracy 0.9751  (chess against Kasparov)\n",
    ]);
  });

  it("draws a bar on a terminal and clears it before a line", async () => {
    const stream = recorder(true);
    await lastValueFrom(from(events).pipe(printProgress({ stream, every: 0 })));
    expect(stream.written[1]).toContain("━");
    expect(stream.written[2]?.startsWith("\r\u001b[2K")).toBe(true);
  });

  it("passes every event on unchanged", async () => {
    const seen = await lastValueFrom(
      from(events).pipe(printProgress({ stream: recorder(true) }), toArray()),
    );
    expect(seen).toEqual(events);
  });

  it("clears its line when it is unsubscribed in the middle of an epoch", () => {
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

  it.each([
    ["draws a bar again only after the time between two", 1e6, 1],
    ["draws a bar for every step without a minimum time", 0, 3],
  ])("%s", async (_, every, bars) => {
    const stream = recorder(true);
    const steps = from([started, step(1), step(2), step(3)]);
    // Steps may be shorter than the clock can tell.
    const clock = vi.spyOn(performance, "now").mockReturnValue(5);
    await lastValueFrom(steps.pipe(printProgress({ stream, every })));
    clock.mockRestore();
    expect(stream.written.filter((text) => text.includes("━") || text.includes("─"))).toHaveLength(
      bars,
    );
  });

  it.each([undefined, 0])("treats %s columns as 80", async (columns) => {
    const stream = { ...recorder(true), columns };
    await lastValueFrom(from([started, step(1)]).pipe(printProgress({ stream, every: 0 })));
    expect(stream.written).toContain(`\r\u001b[2K${progressBar(step(1), started, 80)}`);
  });

  it.each([-1, Number.NaN])("refuses an interval of %d milliseconds", (every) => {
    expect(() => printProgress({ stream: recorder(true), every })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });
});

describe("progressBar", () => {
  const slow = { examplesPerSecond: 640, metrics: {} };
  it.each([
    // 64 examples per step take a tenth of a second.
    [1, 80, `epoch 1/5 ${"─".repeat(30)}   1/200  loss 0.5000  19.9 s left`],
    [100, 80, `epoch 1/5 ${"━".repeat(15)}${"─".repeat(15)} 100/200  loss 0.5000  10.0 s left`],
    [200, 80, `epoch 1/5 ${"━".repeat(30)} 200/200  loss 0.5000  0.0 s left`],
    [201, 80, `epoch 2/5 ${"─".repeat(30)}   1/200  loss 0.5000  19.9 s left`],
    [300, 51, "epoch 2/5 ━━━─── 100/200  loss 0.5000  10.0 s left"],
    [300, 50, "epoch 2/5 ━━━── 100/200  loss 0.5000  10.0 s left"],
    [300, 49, "epoch 2/5 100/200  loss 0.5000  10.0 s left"],
  ])("step %i on %i columns", (n, columns, text) => {
    expect(progressBar({ ...step(n), ...slow }, started, columns)).toBe(text);
  });

  it("names no time that is left where nothing tells it", () => {
    for (const examples of [0, undefined])
      expect(progressBar({ ...step(1), ...slow }, { ...started, examples }, 80)).toBe(
        `epoch 1/5 ${"─".repeat(30)}   1/200  loss 0.5000`,
      );
  });
});

describe("progressLine", () => {
  it.each([
    [0, "0.0000"],
    [1e-3, "0.0010"],
    [9.99e-4, "9.990e-4"],
    [-5e-4, "-5.000e-4"],
    [99_999, "99999.0000"],
    [1e5, "1.000e+5"],
    [-1e5, "-1.000e+5"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("writes a loss of %d as %s", (loss, text) => {
    const line = progressLine({ ...epoch(2, loss), metrics: {} }, started);
    expect(line).toBe(`epoch 2/5  loss ${text}  1.2 s (10,373 examples/s)`);
  });

  it.each([
    [49, "0.0 s"],
    [50, "0.1 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 0 s"],
    [119_499, "1 min 59 s"],
    [119_500, "2 min 0 s"],
    [7_265_000, "121 min 5 s"],
  ])("writes %i milliseconds as %s", (milliseconds, text) => {
    const line = progressLine({ ...epoch(1, 0, 0), milliseconds }, undefined);
    expect(line).toBe(
      `epoch 1/?  loss 0.0000  accuracy 1.0000  validation loss 0.0000  ${text} (10,373 examples/s)`,
    );
  });

  const baselines = [{ name: "always\n0", metrics: { accuracy: 0.1 } }];
  const test = { loss: 0.5, metrics: { accuracy: 0.75 } };
  const held = (size: number): Validated => ({
    _tag: "Validated",
    on: "test",
    epoch: 1,
    step: 200,
    examples: 4,
    ...test,
    confusion: {
      classes: Array.from({ length: size }, (_, i) => `${i}`),
      counts: Array.from({ length: size }, () => Array<number>(size).fill(1)),
    },
  });
  const stopped = {
    _tag: "Stopped",
    reason: "enough\nis enough",
    epoch: 3,
    step: 600,
    test: undefined,
    state: at(3),
  } as const;
  const tested = "test       loss 0.5000  accuracy 0.7500";
  const compared = "baseline   accuracy 0.1000  (always\\x0a0)";
  const table = confusionLines({
    classes: ["0", "1"],
    counts: [
      [1, 1],
      [1, 1],
    ],
  }).join("\n");
  const told = { ...started, baselines };
  const cases: readonly (readonly [
    what: string,
    event: Event,
    of: typeof started | undefined,
    held: Validated | undefined,
    line: string | undefined,
  ])[] = [
    ["nothing of a step", step(1), started, undefined, undefined],
    [
      "nothing of a start of an epoch",
      { _tag: "EpochStarted", epoch: 1 },
      started,
      undefined,
      undefined,
    ],
    ["nothing of what was held out", held(2), started, undefined, undefined],
    [
      "nothing of an end without figures",
      { ...completed(5), test: undefined },
      started,
      undefined,
      undefined,
    ],
    ["an end with figures", { ...completed(5), test }, started, undefined, tested],
    ["the baselines below", { ...completed(5), test }, told, undefined, `${tested}\n${compared}`],
    ["the baselines alone", { ...completed(5), test: undefined }, told, undefined, compared],
    [
      "a table below all",
      { ...completed(5), test },
      told,
      held(2),
      `${tested}\n${compared}\n\n${table}`,
    ],
    ["no table of too many classes", { ...completed(5), test }, started, held(21), tested],
    [
      "why a run stopped",
      stopped,
      told,
      undefined,
      `stopped at epoch 3, step 600: enough\\x0ais enough\n${compared}`,
    ],
    [
      "an early end with figures",
      { ...stopped, test },
      started,
      undefined,
      `stopped at epoch 3, step 600: enough\\x0ais enough\n${tested}`,
    ],
    [
      "where a state was saved",
      { _tag: "CheckpointSaved", path: "last\u001b.json", epoch: 1, step: 200, skipped: 0 },
      started,
      undefined,
      "saved last\\x1b.json",
    ],
    [
      "every line of a sample",
      { _tag: "Sampled", text: "a\nb", epoch: 1, step: 200 },
      started,
      undefined,
      "  │ a\n  │ b",
    ],
  ];
  it.each(cases)("says %s", (_, event, of, told, line) => {
    expect(progressLine(event, of, told)).toBe(line);
  });
});
