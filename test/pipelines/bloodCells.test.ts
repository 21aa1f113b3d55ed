import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { blobs, byColor } from "../../pipelines/baselines/vision/blobs.ts";
import {
  boxesIn,
  boxFigures,
  detectionsIn,
  figuresOf,
} from "../../pipelines/baselines/vision/boxes.ts";
import {
  bloodCellData,
  boxColumn,
  boxesOf,
  cells,
  fromBlood,
  seenElsewhere,
} from "../../pipelines/data/vision/bloodCells.ts";
import { bloodCellDetector } from "../../pipelines/vision/blood-cells.ts";
import { countedImage } from "../../pipelines/vision/detector/counted.ts";
import { moved } from "../../pipelines/vision/detector/moved.ts";
import { boxesSvg } from "../../src/cli/predict/boxesDrawn.ts";
import { prepare, readPicture } from "../../src/data/index.ts";
import {
  Backend,
  compile,
  dataset,
  type Expr,
  key,
  predictor,
  stackTensors,
  type Tensor,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import type { random } from "../../src/ir/index.ts";
import { initialState } from "../../src/train/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

const run = Effect.runPromise;
const file = (name: string) => fileURLToPath(new URL(`./blood/${name}`, import.meta.url));
const [first = "", second = ""] = ["00007", "00044"].map((name) =>
  readFileSync(file(`${name}.xml`), "utf8"),
);
const pictures = await Promise.all(
  ["00007.jpg", "00044.jpg"].map((n) => run(readPicture(file(n)))),
);
const images = pictures.map((picture) => {
  const made = prepare("image", fromBlood, picture);
  return made._tag === "Right" ? made.right : expect.unreachable();
});
const boxes = await Promise.all([first, second].map((xml) => run(boxesOf(xml, "it"))));
const excerpt = dataset({
  image: stackTensors(images),
  boxes: stackTensors(boxes.map(boxColumn)),
});
const splits = {
  ...{ train: excerpt, test: excerpt, inputs: { image: fromBlood } },
  ...{ classes: cells, boxes: { least: 0.001 } },
};
const data = Effect.succeed(splits);

describe("the boxes of BCCD", () => {
  it("are read as shares of the image", () => {
    expect(boxes.map((of) => of.length)).toEqual(
      [first, second].map((xml) => xml.split("<object>").length - 1),
    );
    // The first object of the file: a white cell from 193, 92 to 387, 285 of 640 × 480.
    expect(boxes[0]?.[0]).toEqual({
      ...{ left: 193 / 640, top: 92 / 480, right: 387 / 640, bottom: 285 / 480, class: 1 },
    });
  });

  it("are left out where they have no area, and refused where they are none", async () => {
    const box = "<xmax>387</xmax>";
    const changed = (to: string) => first.replace(box, to);
    expect(await run(boxesOf(changed("<xmax>193</xmax>"), "it"))).toHaveLength(
      (boxes[0]?.length ?? 0) - 1,
    );
    for (const [xml, reason] of [
      [changed("<xmax>641</xmax>"), "a box from 193, 92 to 641, 285"],
      [changed("<xmax>1</xmax>"), "a box from 193, 92 to 1, 285"],
      [changed("<xmax>wide</xmax>"), "a box from 193, 92 to NaN"],
      [changed(""), "to NaN, 285"],
      [first.replace("<name>WBC</name>", "<name>cat</name>"), "cat is none of RBC, WBC, Platelets"],
      [first.replace("<width>640</width>", ""), "the size of its image"],
      [first.repeat(9), "more than 30"],
    ] as const)
      expect(await run(Effect.flip(boxesOf(xml, "it")))).toMatchObject({
        _tag: "DataSourceError",
        reason: expect.stringContaining(reason),
      });
  });

  it("fill a column up with boxes of no class", () => {
    const column = boxColumn(boxes[0] ?? []);
    expect(boxesIn(column.toArray())).toHaveLength(boxes[0]?.length ?? 0);
  });

  it("are counted in the name of the image that is asked about", () => {
    const asked = countedImage({ train: excerpt, validation: excerpt, classes: cells });
    const count = (of: (typeof boxes)[number] | undefined, kind: number) =>
      of?.filter((box) => box.class === kind).length;
    expect(Object.keys(asked)).toHaveLength(1);
    expect(Object.keys(asked)[0]).toContain(`an image of ${count(boxes[0], 0)} RBC, 1 WBC`);
  });

  it("come with images, none of which shows a place of the test again", () => {
    expect(bloodCellData.files).toHaveLength(2 * 364 + 3);
    expect(new Set(seenElsewhere).size).toBe(14);
  });
});

describe("what is measured of boxes", () => {
  const figures = boxFigures(cells, 0.5);
  const rows = boxColumn(boxes[0] ?? []).toArray();
  const perfect = rows.map((row) => [...row, (row[4] ?? -1) < 0 ? 0 : 0.9]);

  it("is best for the true boxes", () => {
    expect(figuresOf(figures, [[detectionsIn(perfect), boxes[0] ?? []]])).toEqual({
      ...{ map50: 1, map: 1, RBCCount: 0, WBCCount: 0, PlateletsCount: 0 },
    });
  });

  it("is the number of boxes where none is sure", () => {
    const unsure = perfect.map((row) => row.with(5, (row[5] ?? 0) > 0 ? 0.4 : 0));
    const count = (boxes[0] ?? []).filter((box) => box.class === 0).length;
    const { RBCCount, WBCCount } = figuresOf(figures, [[detectionsIn(unsure), boxes[0] ?? []]]);
    expect([RBCCount, WBCCount]).toEqual([count, 1]);
  });
});

describe("connected regions", () => {
  it("touch along a side, not at a corner", () => {
    const mask = Uint8Array.from([...[1, 1, 0, 0], ...[0, 1, 0, 1], ...[0, 0, 1, 1]]);
    expect(blobs(mask, 4)).toEqual([
      { area: 3, left: 0, top: 0, right: 2, bottom: 2 },
      { area: 3, left: 2, top: 1, right: 4, bottom: 3 },
    ]);
  });

  it("of a color become boxes, if their size is right", () => {
    const look = { class: 2, is: (red: number) => red > 0.5, least: 0.15, most: 0.3 };
    // Two of ten pixels are a box; a single one is too little.
    const row = [0, 1, 1, 0, 0, 0, 0, 0, 0, 0].flatMap((red) => [red, 0, 0]);
    expect(byColor([look], 10)(row)).toEqual([
      { left: 0.1, top: 0, right: 0.3, bottom: 1, class: 2, score: 1 },
    ]);
    expect(byColor([look], 10)(row.map((x, i) => (i === 3 ? 0 : x)))).toEqual([]);
  });
});

it("are drawn on their picture, with a color and a count for each class", () => {
  const bytes = readFileSync(file("00007.jpg"));
  const box = { left: 0.25, top: 0.5, right: 0.5, bottom: 1, score: 0.5 };
  const found = [
    { ...box, class: "WBC" },
    { ...box, class: "<a&b>", right: 1 },
    { ...box, class: "WBC", left: 0 },
  ];
  const svg = boxesSvg({ bytes, width: 160, height: 120 }, found);
  expect(svg).toContain(`data:image/jpeg;base64,${bytes.toString("base64")}`);
  expect(svg).toContain('<rect x="40" y="60" width="40" height="60"><title>WBC 0.50</title>');
  expect(svg).toContain("<title>1 &#60;a&#38;b&#62;, 2 WBC</title>");
  expect(svg).toContain("2 WBC</tspan>");
  expect(svg.match(/<g /g)).toHaveLength(2);
});

it("are drawn as XML that can be read, whatever their classes and sides", () => {
  const box = { left: 0, top: 0, right: 1, bottom: 1, score: 0.5 };
  const found = [
    { ...box, class: "a\u0000\u001b\n" },
    ...[Number.NaN, Number.POSITIVE_INFINITY, 0, -1].map((right) => ({
      ...box,
      class: "b",
      right,
    })),
  ];
  const svg = boxesSvg({ bytes: new Uint8Array(), width: 10, height: 10 }, found);
  expect(svg).toContain("<title>1 a\\x00\\x1b\\x0a</title>");
  expect(svg.match(/<rect /g)).toHaveLength(1);
  expect(boxesSvg({ bytes: new Uint8Array(), width: 10, height: 10 }, [])).toContain(
    "<title>nothing found</title>",
  );
});

it("moves a box with what is in it", () => {
  const [high, wide] = [24, 32];
  const at = { left: 12, top: 9, right: 20, bottom: 15 };
  const picture = tensor(
    Array.from({ length: high }, (_, y) =>
      Array.from({ length: wide }, (_, x) => {
        const inside = x >= at.left && x < at.right && y >= at.top && y < at.bottom;
        return [Number(inside), Number(inside), Number(inside)];
      }),
    ),
  );
  const shares = [at.left / wide, at.top / high, at.right / wide, at.bottom / high];
  const given = tensor([
    [...shares, 1],
    [...shares.map(() => 0), -1],
  ]);
  const change = (image: Expr, box: Expr, of: random.KeyExpr) => moved(image, box, of);
  const program = compile(change, [picture, given, key(0)]);
  const of = Effect.runSync(Effect.provide(program, Backend.layerReference));
  for (let seed = 0; seed < 8; seed++) {
    const [image, box] = of(picture, given, key(seed)) as readonly [Tensor, Tensor];
    const [[left = 0, top = 0, right = 0, bottom = 0, kind] = [], none] =
      box.toArray() as number[][];
    expect([kind, none?.[4]]).toEqual([1, -1]);
    // Halfway up the edge of what is bright.
    const lit = (image.toArray() as number[][][]).flatMap((row, y) =>
      row.flatMap(([red = 0], x) => (red > 0.5 ? [[x, y] as const] : [])),
    );
    const [xs, ys] = [lit.map(([x]) => x), lit.map(([, y]) => y)];
    for (const [edge, side] of [
      [Math.min(...xs), left * wide],
      [Math.max(...xs) + 1, right * wide],
      [Math.min(...ys), top * high],
      [Math.max(...ys) + 1, bottom * high],
    ] as const)
      expect(Math.abs(edge - side)).toBeLessThan(1);
  }
});

describe("blood-cells", () => {
  it("learns from two images in a few steps, beside colors and connected regions", async () => {
    const short = pipe(bloodCellDetector, withData(data), withBatchSize(2), withEpochs(4));
    const events = await collect(train$(short, { services: backends.wasm }));
    const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    const [colors] = lastOf(events, "Started").baselines;
    expect(colors?.metrics.map50).toBeGreaterThan(0.3);
    expect(Object.keys(lastOf(events, "Completed").test?.metrics ?? {})).toEqual(
      Object.keys(colors?.metrics ?? {}),
    );
  });

  it("answers a picture of any size with boxes, and refuses what is no picture", async () => {
    const given = pipe(bloodCellDetector, withData(data));
    const predict = predictor(given, initialState(given), { services: backends.wasm });
    const answer = await predict.answer({
      image: { ...pictures[0], width: 80, height: 240 } as never,
    });
    if (!("boxes" in answer)) return expect.unreachable();
    expect(answer.boxes.length).toBeGreaterThan(0);
    expect(
      answer.boxes.every(
        ({ class: kind, score }) => cells.some((c) => c === kind) && score > 0.001,
      ),
    ).toBe(true);
    await expect(predict.answer({ image: "a text" })).rejects.toMatchObject({
      _tag: "InvalidArgument",
    });
    await predict.release();
  });
});
