import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { perceptron } from "../../../pipelines/foundations/perceptron.ts";
import { tensor, train$ } from "../../../src/index.ts";
import {
  type EventJson,
  type FolderRun,
  initialState,
  type Predictions,
  predictionsOf,
  reportHtml,
  tensorFigures,
} from "../../../src/train/index.ts";
import { escapeHtml } from "../../../src/train/observe/report/html.ts";
import { predictionPlots } from "../../../src/train/observe/report/index.ts";
import { collect, small } from "../examples.ts";
import { malformed } from "./wellFormed.ts";

const hostile = `</style><script>alert(1)</script><img src=http://evil/ onerror='x'> " & \u001b[31m`;

const events: readonly EventJson[] = [
  {
    ...{ _tag: "Started", pipeline: hostile, backend: hostile, epochs: 1, stepsPerEpoch: 2 },
    ...{ examples: 4, parameters: 1, better: {} },
    units: { loss: hostile },
    judgedIn: undefined,
    baselines: [{ name: hostile, metrics: { [hostile]: 0.5 } }],
  },
  {
    ...{ _tag: "StepCompleted", epoch: 1, step: 1, loss: 2, metrics: { [hostile]: 1 } },
    ...{ learningRate: 0.1, examplesPerSecond: 1 },
  },
  {
    ...{
      _tag: "Validated",
      on: "validation",
      epoch: 1,
      step: 2,
      loss: 1,
      metrics: { [hostile]: 1 },
    },
    ...{
      examples: 2,
      confusion: {
        classes: [hostile, "b"],
        counts: [
          [1, 0],
          [0, 1],
        ],
      },
    },
  },
  { _tag: "Sampled", epoch: 1, step: 2, text: `${hostile}\nsecond line` },
  { _tag: "Stopped", reason: hostile, epoch: 1, step: 2, test: undefined },
];

const run: FolderRun = {
  folder: hostile,
  state: "stopped",
  config: { pipeline: hostile, epochs: 1, optimizer: { learningRate: 0.25 } },
  environment: { node: hostile, started: "2026-03-01T10:00:00.000Z" },
  plan: {
    layers: [{ name: hostile, depth: 0, input: [2], output: [3], params: 9 }],
    ...{ parameters: 9, batchSize: 2 },
    plan: {
      operations: 12,
      bytes: { planned: 2048, needed: 1024, arguments: 8 },
      kernels: [{ name: hostile, within: [{ loop: 0, rounds: 3 }], operations: 12, bytes: 64 }],
    },
  },
  events,
};

describe("a report", () => {
  it("is one page that asks for nothing, runs nothing, and says all that the folder holds", async () => {
    const figures = [tensorFigures(hostile, tensor([1, 2, 3]))];
    const said = [{ row: 1, predicted: hostile, truth: "b", probability: 0.5 }];
    const predictions = { of: hostile, from: "test", said, pictures: [], rankings: {} };
    const page = await Effect.runPromise(reportHtml(run, { predictions, figures }));
    // Without what stands between quotes, where anything may stand.
    const tags = page.replaceAll(/="[^"<]*"/g, "");
    expect(/<script|<img|<link|<iframe|<[^>]*\son\w+/i.exec(tags)?.[0]).toBeUndefined();
    // What a page could load stands in these attributes, and in url() of styles.
    for (const [, url = ""] of page.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(url).toMatch(/^(data:|#)/);
    expect(/url\((?!#)/.exec(page)?.[0]).toBeUndefined();
    expect(
      page.includes(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:`),
    ).toBe(true);
    for (const part of [
      "0.25",
      "2.0 KiB",
      "second line",
      "baseline",
      "confusion",
      "stopped",
      "&lt;script&gt;",
    ])
      expect([part, page.includes(part)]).toEqual([part, true]);
    // But for its first lines, which have single tags, it is as strict as XML.
    expect(malformed(page.slice(page.indexOf("<body>"), page.indexOf("</html>")))).toBeUndefined();
  });

  it("leaves predictions out where nothing can be told of them, as of sound", async () => {
    const silent = { row: 1, predicted: "", truth: undefined, probability: undefined };
    const page = (...said: Predictions["said"]) =>
      Effect.runPromise(
        reportHtml(run, {
          predictions: { of: "speak", from: "test", said, pictures: [], rankings: {} },
        }),
      );
    expect(await page(silent, silent)).not.toContain("<h2>Predictions");
    expect(await page(silent, { ...silent, predicted: "0.5" })).toContain("<h2>Predictions");
  });

  it("of a run that has only begun is a page, too", async () => {
    const bare: FolderRun = {
      folder: "r",
      state: "interrupted",
      config: {},
      environment: undefined,
      plan: undefined,
      events: [],
    };
    const page = await Effect.runPromise(reportHtml(bare));
    expect(page).toContain("interrupted");
    expect(page).toContain("no data");
  });

  it("escapes whatever could be more than text", () => {
    expect(escapeHtml(`<a href="x" id='y'>&\u0000`)).toBe(
      "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;\\x00",
    );
  });
});

describe("what a model says for a report", () => {
  it("has the classes, the truth and the scores of rows that were held out", async () => {
    const found = await Effect.runPromise(predictionsOf(small, initialState(small)));
    expect(found?.from).toBe("test");
    expect(found?.said).toHaveLength(24);
    expect(found?.said.every(({ truth }) => truth !== undefined)).toBe(true);
    expect(found?.pictures).toEqual([]);
    expect(Object.keys(found?.rankings ?? {})).toEqual(["0", "1", "2"]);
    const { scores = [], positive = [] } = found?.rankings["0"] ?? {};
    expect([scores.length, positive.length]).toEqual([30, 30]);
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
    const truths = Object.values(found?.rankings ?? {}).map((r) =>
      r.positive.reduce((a, b) => a + b, 0),
    );
    expect(truths.reduce((a, b) => a + b, 0)).toBe(30);
  });

  it("is asked about all of the plane where a classifier reads two numbers", async () => {
    const { plane } =
      (await Effect.runPromise(predictionsOf(perceptron, initialState(perceptron)))) ?? {};
    expect(plane?.axes).toEqual(["sepal_length", "petal_length"]);
    expect(plane?.classes).toEqual(["setosa", "versicolor"]);
    expect(plane?.points).toHaveLength(100);
    // Its weights are 0 at first, and so is its logit: the first class.
    expect(new Set(plane?.said)).toEqual(new Set([0]));
    const [ended] = (await collect(train$(perceptron))).slice(-1);
    if (ended?._tag !== "Completed") throw new Error(ended?._tag);
    const after = await Effect.runPromise(predictionsOf(perceptron, ended.state));
    const { width = 1, said = [], points = [], x = [0, 1], y = [0, 1] } = after?.plane ?? {};
    const height = said.length / width;
    // Each example lies in a cell of its class.
    for (const { x: a, y: b, truth } of points) {
      const column = Math.floor(((a - x[0]) / (x[1] - x[0])) * width);
      const row = Math.floor(((b - y[0]) / (y[1] - y[0])) * height);
      expect(said[row * width + column]).toBe(truth);
    }
    const plots = predictionPlots(after as Predictions);
    expect(Object.keys(plots)).toEqual(["regions", "ROC", "precision and recall"]);
    for (const { title } of Object.values(plots))
      expect(title).toMatchObject({
        text: expect.stringMatching(/^perceptron: .*, training rows$/),
      });
  });
});
