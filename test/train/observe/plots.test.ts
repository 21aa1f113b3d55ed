import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import fc from "fast-check";
import { concat, take, throwError } from "rxjs";
import { afterAll, describe, expect, it } from "vitest";
import { tensor, train$ } from "../../../src/index.ts";
import {
  comparedPlots,
  confusionPlot,
  curvesOf,
  curvesPlot,
  type EventJson,
  histogramPlot,
  learningRateRangePlot,
  lossPlot,
  mistakesPlot,
  type PlotSpec,
  pictureOf,
  plotsOf,
  precisionRecallPlot,
  regionsPlot,
  renderSvg,
  rocPlot,
  samplesPlot,
  savePlots,
  tensorFigures,
  thinned,
} from "../../../src/train/index.ts";
import { collect, small } from "../examples.ts";
import { malformed } from "./wellFormed.ts";

const drawn = (plot: PlotSpec): Promise<string> => Effect.runPromise(renderSvg(plot));

/** The rows of the layers of a plot. */
const rowsOf = (plot: PlotSpec): readonly (readonly { readonly [field: string]: unknown }[])[] =>
  // What plots of curves are made of.
  (plot.layer as unknown as readonly { data: { values: { [field: string]: unknown }[] } }[]).map(
    ({ data }) => data.values,
  );

const pointsOf = (ys: readonly number[]) => ys.map((y, x) => ({ x, y }));
const falling = (ys: readonly number[]) =>
  curvesPlot({ title: "t", x: "step", y: "loss", curves: [{ name: "a", points: pointsOf(ys) }] });

const step = (n: number, loss: number): EventJson => ({
  ...{ _tag: "StepCompleted", epoch: 1, step: n, loss, metrics: {} },
  ...{ learningRate: 0.1, examplesPerSecond: 1 },
});

const hostile = '</text><script>alert(1)</script>\u001b[31m & "x" \ud800';

describe("plots", () => {
  it("draw every kind as SVG that is well formed, with a stranger's texts as texts", async () => {
    const ranking = { scores: [0.1, 0.35, 0.4, 0.8], positive: [0, 1, 0, 1] };
    const plots: readonly PlotSpec[] = [
      falling([3, 2, 1]),
      curvesPlot({
        ...{ title: hostile, x: hostile, y: hostile, notes: [hostile] },
        curves: [
          { name: hostile, points: pointsOf([1, 2]) },
          { name: "b", points: pointsOf([1, 2]) },
        ],
      }),
      confusionPlot({
        classes: [hostile, hostile],
        counts: [
          [1, 2],
          [3, 4],
        ],
      }),
      rocPlot({ [hostile]: ranking }),
      precisionRecallPlot({ a: ranking }),
      histogramPlot(hostile, tensorFigures("w", tensor([1, 2, 2, 3]))),
      learningRateRangePlot(
        [1e-4, 1e-3, 1e-2].map((r) => ({ learningRate: r, loss: 1 - r, smoothed: 1 - r })),
      ),
      samplesPlot([
        {
          picture: pictureOf(
            tensor([
              [0, 1],
              [1, 0],
            ]),
          ),
          predicted: hostile,
          truth: "b",
        },
      ]),
    ];
    for (const plot of plots) {
      const svg = await drawn(plot);
      expect(malformed(svg)).toBeUndefined();
      expect(svg).not.toContain("<script");
    }
  });

  it("say what no line can show: NaN and infinity, one point, nothing at all", async () => {
    const broken = falling([2, Number.NaN, 1, Number.POSITIVE_INFINITY]);
    expect(JSON.stringify(broken.title)).toContain("not finite 2 times, at 1, 3");
    const [marked, line] = rowsOf(broken);
    expect(marked).toEqual([{ x: 1 }, { x: 3 }]);
    expect(line?.map(({ y }) => y)).toEqual([2, null, 1, null]);
    for (const ys of [[], [5], [Number.NaN], [1e-300, -1e300, 1e300, 1.7e308], [3, 3, 3]])
      expect(malformed(await drawn(falling(ys)))).toBeUndefined();
    expect(await drawn(falling([]))).toContain("no data");
    expect(await drawn(histogramPlot("h", tensorFigures("w", tensor([Number.NaN]))))).toContain(
      "no data",
    );
    expect(await drawn(confusionPlot({ classes: [], counts: [] }))).toContain("no data");
    expect(await drawn(samplesPlot([]))).toContain("no data");
  });

  it("have a logarithmic axis where most values would be at the bottom, not for a share that grows from near 0", () => {
    const isLog = (ys: readonly number[]) => JSON.stringify(falling(ys)).includes('"log"');
    expect(isLog([1, 1e-2, 1e-3, 1e-4])).toBe(true);
    expect(isLog([1e-4, 0.4, 0.6, 0.65])).toBe(false);
    expect(isLog([1, 0.01, 0.005, 0.002])).toBe(false); // less than three powers of ten
    expect(isLog([1, 1e-4, 0, 0])).toBe(false);
  });

  it("give ROC and precision-recall curves their points", () => {
    // The example in the documentation of scikit-learn's roc_curve and precision_recall_curve.
    const ranking = { scores: [0.1, 0.35, 0.4, 0.8], positive: [0, 1, 0, 1] };
    const [roc] = rowsOf(rocPlot({ a: ranking }));
    expect(roc?.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [1, 1],
    ]);
    const [pr] = rowsOf(precisionRecallPlot({ a: ranking }));
    expect(pr?.map(({ x, y }) => [x, y])).toEqual([
      [0.5, 1],
      [0.5, 0.5],
      [1, 2 / 3],
      [1, 0.5],
    ]);
  });

  it("thin a curve, and keep what can be seen of it", () => {
    const rough = fc.array(fc.oneof(fc.double(), fc.constantFrom(Number.NaN, 1e30, -1e30, -0)), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(rough, fc.integer({ min: 5, max: 60 }), (ys, most) => {
        const points = pointsOf(ys);
        const kept = thinned(points, most);
        expect(kept.length).toBeLessThanOrEqual(Math.max(most, 5));
        expect(kept.map(({ x }) => x)).toEqual(
          [...new Set(kept.map(({ x }) => x))].sort((a, b) => a - b),
        );
        for (const { x, y } of kept) expect(y).toBe(ys[x]);
        const finite = (of: readonly { y: number }[]) =>
          of.map(({ y }) => y).filter((y) => Math.abs(y) <= 1e300);
        expect(Math.min(...finite(kept))).toBe(Math.min(...finite(points)));
        expect(Math.max(...finite(kept))).toBe(Math.max(...finite(points)));
        expect(kept.some(({ y }) => !(Math.abs(y) <= 1e300))).toBe(
          points.some(({ y }) => !(Math.abs(y) <= 1e300)),
        );
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
      }),
    );
    const million = falling(
      Array.from({ length: 1e6 }, (_, i) => (i === 123_456 ? 8 : Math.sin(i / 50_000))),
    );
    const [line] = rowsOf(million);
    expect(line?.length).toBeLessThanOrEqual(2000);
    expect(line).toContainEqual({ x: 123_456, y: 8, curve: "a" });
  });

  it("come from the events of a run: its loss, metrics, learning rate and confusion matrix", () => {
    const held: EventJson = {
      ...{
        _tag: "Validated",
        on: "validation",
        epoch: 1,
        step: 2,
        loss: 1,
        metrics: { accuracy: 0.5 },
      },
      ...{
        examples: 4,
        confusion: {
          classes: ["a", "b"],
          counts: [
            [1, 1],
            [1, 1],
          ],
        },
      },
    };
    const plots = plotsOf([step(1, 3), step(2, 2), held]);
    expect(Object.keys(plots)).toEqual(["loss", "accuracy", "learning rate", "confusion"]);
    expect(rowsOf(plots.loss ?? {}).map((rows) => rows.map(({ y }) => y))).toEqual([[3, 2], [1]]);
  });

  const begun = (more: Partial<Extract<EventJson, { _tag: "Started" }>> = {}): EventJson => ({
    ...{ _tag: "Started", pipeline: "pole", backend: "wasm", epochs: 1, stepsPerEpoch: 4 },
    ...{ examples: 4, parameters: 1, better: {}, units: {}, judgedIn: undefined, baselines: [] },
    ...more,
  });
  const at = (n: number, y: number): EventJson =>
    ({ ...step(n, 1), metrics: { return: y } }) as EventJson;
  const tested = (y: number): EventJson => ({
    ...{ _tag: "Validated", on: "test", epoch: 1, step: 4, loss: 1, metrics: { return: y } },
    ...{ examples: 4, confusion: undefined },
  });

  it("say which pipeline, which metric in which unit, and what was held out", async () => {
    const events = [
      begun({ units: { return: "°C" }, baselines: [{ name: "random", metrics: { return: -3 } }] }),
      ...[at(1, 2), at(2, 5), tested(7)],
    ];
    const plot = plotsOf(events).return ?? {};
    expect(plot.title).toMatchObject({ text: "pole: return", subtitle: ["test (held out): 7"] });
    const confused = { ...tested(7), confusion: { classes: ["a"], counts: [[1]] } } as EventJson;
    for (const { title } of Object.values(plotsOf([...events, confused])))
      expect(title).toMatchObject({ text: expect.stringMatching(/^pole: /) });
    const svg = await drawn(plot);
    expect(svg).toContain("return (°C)");
    expect(svg).toContain("training, each step");
    expect(svg).toContain("random (-3)");
    // The baseline is a line from the first step to the last.
    expect(rowsOf(plot).map((rows) => rows.map(({ x, y }) => [x, y]))).toEqual([
      [
        [1, 2],
        [2, 5],
      ],
      [[4, 7]],
      [
        [1, -3],
        [4, -3],
      ],
    ]);
  });

  it("leave out a step in which there was nothing to measure, and mark one that broke", () => {
    const quiet = curvesOf([begun(), at(1, 2), at(2, Number.NaN), at(3, 4)], "return");
    expect(quiet.map(({ points }) => points)).toEqual([
      [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
    ]);
    const broken = { ...step(2, Number.NaN), metrics: { return: Number.NaN } };
    expect(curvesOf([at(1, 2), broken], "return")[0]?.points[1]?.y).toBeNaN();
    expect(curvesOf([begun(), broken])[0]?.points).toEqual([{ x: 2, y: Number.NaN }]);
  });

  it("draw many steps of a metric as means, and all steps of a loss", () => {
    const steps = Array.from({ length: 600 }, (_, i) => at(i + 1, i % 3));
    const [means] = curvesOf(steps, "return");
    expect(means?.name).toBe("training, means of 3 steps");
    expect(means?.points).toHaveLength(200);
    expect(means?.points[0]).toEqual({ x: 3, y: 1 });
    expect(curvesOf(steps)[0]?.points).toHaveLength(600);
    // 401 steps are 133 stretches of three, and two steps that the last one takes: no mean of less.
    const more = curvesOf(
      Array.from({ length: 401 }, (_, i) => at(i + 1, i < 399 ? 1 : 6)),
      "return",
    );
    expect(more[0]?.points).toHaveLength(133);
    expect(more[0]?.points.at(-1)).toEqual({ x: 401, y: 3 });
  });

  it("show what a run of one epoch has: rings for its single points, and lines of baselines", async () => {
    const name = "a baseline with a name that is longer than any that stands below a plot";
    const own = [begun({ baselines: [{ name, metrics: { return: 4 } }] }), at(1, 2)];
    const epoch = { ...own[1], _tag: "EpochCompleted", milliseconds: 1 } as EventJson;
    for (const [events, marks] of [
      [
        [...own, epoch],
        ["point", "point", "rule"],
      ],
      [
        [...own, at(2, 3), epoch],
        ["line", "point", "line"],
      ],
    ] as const) {
      const plot = lossPlot(events, "return");
      expect(plot.layer).toMatchObject(marks.map((type) => ({ mark: { type } })));
      const svg = await drawn(plot);
      expect(malformed(svg)).toBeUndefined();
      expect(svg).toContain("… (4)");
      expect(svg).not.toContain(name);
      expect(svg.match(/stroke-dasharray="6,4"/g)).toHaveLength(2);
    }
  });

  it("keep a pre-training apart from the run that begins with it, and a resumed run together", () => {
    const before = [begun({ pipeline: "before" }), step(1, 9)];
    const plots = plotsOf([...before, begun(), at(1, 2), begun(), at(2, 3)]);
    expect(Object.keys(plots)).toContain("before loss");
    expect(rowsOf(plots["before loss"] ?? {})[0]?.map(({ y }) => y)).toEqual([9]);
    expect(rowsOf(plots.return ?? {})[0]?.map(({ y }) => y)).toEqual([2, 3]);
  });

  it("put results of several runs beside their baselines", async () => {
    const run = (y: number) => [
      begun({ baselines: [{ name: "random", metrics: { return: 0 } }] }),
      ...[at(1, y), tested(y)],
    ];
    const plot = comparedPlots([run(1), run(3)]).return ?? {};
    expect(plot.data).toMatchObject({
      values: [
        { name: "pole", value: 1, kind: "a run (held out)" },
        { name: "pole", value: 3, kind: "a run (held out)" },
        { name: "random", value: 0, kind: "a baseline" },
        { name: "random", value: 0, kind: "a baseline" },
      ],
    });
    const svg = await drawn(plot);
    expect(malformed(svg)).toBeUndefined();
    expect(svg).toContain(">1, 3<");
    expect(comparedPlots([])).toEqual({});
  });

  it("show the plane of a classifier of two numbers, and the mistakes among many classes", async () => {
    const plane = { axes: ["a", hostile], classes: ["no", hostile], x: [0, 1], y: [0, 1] } as const;
    const points = [{ x: 0.5, y: 0.5, truth: 1 }];
    const regions = regionsPlot({ ...plane, width: 2, said: [0, 1, 1, 1, 0, 0], points });
    expect(malformed(await drawn(regions))).toBeUndefined();
    const pairs = Array.from({ length: 30 }, (_, i) => ({
      ...{ truth: hostile, taken: String(i), count: i },
    }));
    const mistakes = mistakesPlot({ asked: 500, wrong: 435, pairs });
    expect(malformed(await drawn(mistakes))).toBeUndefined();
    expect((mistakes.data as { values: unknown[] }).values).toHaveLength(20);
    expect(await drawn(mistakesPlot({ asked: 5, wrong: 0, pairs: [] }))).toContain("no data");
  });

  it("are written when a run ends, and also where it fails", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fluxion-plots-"));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const events = await collect(train$(small).pipe(savePlots({ folder: join(folder, "run") })));
    expect(events.at(-1)?._tag).toBe("Completed");
    expect(readdirSync(join(folder, "run")).sort()).toEqual(
      ["0.bias", "0.weight", "3.bias", "3.weight"]
        .map((path) => `params-${path}.svg`)
        .concat("accuracy.svg", "learning-rate.svg", "loss.svg")
        .sort(),
    );
    expect(malformed(readFileSync(join(folder, "run", "loss.svg"), "utf8"))).toBeUndefined();
    const failing = concat(
      train$(small).pipe(take(4)),
      throwError(() => new Error("lost")),
    );
    const saved = failing.pipe(savePlots({ folder: join(folder, "failed"), histograms: false }));
    await expect(collect(saved)).rejects.toThrow("lost");
    expect(readdirSync(join(folder, "failed"))).toContain("loss.svg");
    await expect(
      collect(train$(small).pipe(savePlots({ folder: join(folder, "run", "loss.svg") }))),
    ).rejects.toMatchObject({ _tag: "FileNotWritten" });
    await expect(Effect.runPromise(renderSvg({ mark: 3 }))).rejects.toMatchObject({
      _tag: "PlotNotDrawn",
    });
  });
});

describe("pictures", () => {
  it("are made of tensors: gray, in color, with opacity, and a square in a row", () => {
    expect([
      ...pictureOf(
        tensor([
          [0, 0.5],
          [1, Number.NaN],
        ]),
      ).data,
    ]).toEqual([0, 128, 255, 0].flatMap((gray) => [gray, gray, gray, 255]));
    expect([...pictureOf(tensor([[[255, 0, 0, 128]]], "u8")).data]).toEqual([255, 0, 0, 128]);
    expect(pictureOf(tensor(Array.from({ length: 16 }, () => 0)))).toMatchObject({
      width: 4,
      height: 4,
    });
    expect(() => pictureOf(tensor([1, 2, 3]))).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });
});
