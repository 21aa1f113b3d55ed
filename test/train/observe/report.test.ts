import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { tensor } from "../../../src/index.ts";
import {
  type EventJson,
  type FolderRun,
  initialState,
  predictionsOf,
  reportHtml,
  tensorFigures,
} from "../../../src/train/index.ts";
import { escapeHtml } from "../../../src/train/observe/report/html.ts";
import { small } from "../examples.ts";
import { malformed } from "./wellFormed.ts";

const hostile = `</style><script>alert(1)</script><img src=http://evil/ onerror='x'> " & \u001b[31m`;

const events: readonly EventJson[] = [
  {
    ...{ _tag: "Started", pipeline: hostile, backend: hostile, epochs: 1, stepsPerEpoch: 2 },
    ...{ examples: 4, parameters: 1, better: {} },
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
    const said = [{ predicted: hostile, truth: "b", probability: 0.5 }];
    const predictions = { from: "test", said, pictures: [], rankings: {} };
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
});
