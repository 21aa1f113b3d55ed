import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { afterAll, describe, expect, it } from "vitest";
import { sameBits } from "../../../laws/values/compare.ts";
import { fromRecord, parseCsv, poissonSampled } from "../../../src/data/index.ts";
import {
  adam,
  type Dataset,
  dataset,
  dense,
  type Expr,
  type FluxionError,
  loadModel,
  objective,
  pipeline,
  predictor,
  type Row,
  relu,
  saveModel,
  sequential,
  softmaxCrossEntropy,
  supervised,
  tensor,
} from "../../../src/index.ts";
import { encodeSafetensors } from "../../../src/io/index.ts";
import { concatenate, mul, stack, sum } from "../../../src/ir/index.ts";
import { lambda } from "../../../src/nn/index.ts";
import {
  decodeModelFile,
  encodeModelFile,
  initialState,
  type Model,
  modelOf,
} from "../../../src/train/index.ts";
import { encodeModel } from "../../../src/train/predict/model.ts";
import { points, small } from "../examples.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = Effect.runPromise;
const state = initialState(small);
const path = join(folder, "small.safetensors");
await run(saveModel(small, state, path));
const bytes = readFileSync(path);
const refusal = (given: Uint8Array): Promise<FluxionError> =>
  run(Effect.flip(decodeModelFile(given, "a model")));

describe("a model in a file", () => {
  it("computes the bits of its pipeline and state, without either", async () => {
    const rows = points(70, 4);
    const model = await run(loadModel(path));
    const [from, own] = [await predictor(model)(rows), await predictor(small, state)(rows)];
    expect(sameBits("output", [from], [own])).toBeUndefined();
    expect(model).toMatchObject({ name: "points", columns: { x: { shape: [4], dtype: "f32" } } });
  });

  it("is taken from a pipeline whose source allows one batch size only", async () => {
    const drawn = (of: Dataset<Row>) => poissonSampled(of, { sampling: 0.5, batchSize: 50 });
    const sampled = pipe(small, (of) => ({
      ...of,
      source: Effect.map(of.source, ({ train }) => ({ train: drawn(train as Dataset<Row>) })),
    }));
    const own = await run(modelOf(sampled, state));
    expect(own.columns).toEqual((await run(modelOf(small, state))).columns);
  });

  it("has the params and nothing of the optimizer, in a file that other tools read", async () => {
    const { params } = await run(loadModel(path));
    expect(Object.keys(params)).toEqual([
      "params.0.bias",
      "params.0.weight",
      "params.3.bias",
      "params.3.weight",
    ]);
    expect(bytes.length).toBeLessThan(4000);
  });

  it("is loaded from a path, a file URL and by HTTP", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/m") response.end(bytes);
      else response.writeHead(404).end();
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rows = points(3, 1);
    const outputs = async (from: string | URL) => predictor(await run(loadModel(from)))(rows);
    const [a, b, c] = [
      await outputs(path),
      await outputs(pathToFileURL(path)),
      await outputs(`${url}/m`),
    ];
    expect(sameBits("output", [b, c], [a, a])).toBeUndefined();
    const missing = Effect.flip(loadModel(`${url}/other`));
    expect(await run(missing)).toMatchObject({
      _tag: "DataSourceError",
      reason: expect.stringContaining("404"),
    });
    expect(await run(Effect.flip(loadModel(join(folder, "none"))))).toMatchObject({
      _tag: "DataSourceError",
    });
    server.close();
  });

  it("is refused with any bit flipped, and cut off anywhere", async () => {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(["SafetensorsCorrupt", "DecodeError"]).toContain((await refusal(flipped))._tag);
    }
    for (let length = 0; length < bytes.length; length += 7)
      expect((await refusal(bytes.subarray(0, length)))._tag).toBe("SafetensorsCorrupt");
  });

  it("is refused without its hash, and as another kind of file", async () => {
    const model = await run(loadModel(path));
    const content = { tensors: model.params, metadata: { "fluxion.model": encodeModel(model) } };
    expect(await refusal(encodeSafetensors(content, { hashed: false }))).toMatchObject({
      _tag: "DecodeError",
      issues: [{ path: ["hash"] }],
    });
    expect(await refusal(encodeSafetensors({ tensors: model.params }))).toMatchObject({
      issues: [{ path: ["fluxion.model"] }],
    });
  });

  it.each<[string, (model: Model) => object, string]>([
    [
      "a param that is missing",
      ({ params }) => ({ params: { ...params, "params.0.bias": undefined } }),
      "bias",
    ],
    [
      "another tensor",
      ({ params }) => ({ params: { ...params, more: tensor([1]) } }),
      "no other tensor",
    ],
    [
      "a param of another type",
      ({ params }) => ({ params: { ...params, "params.0.bias": tensor([1]) } }),
      "program.inputs.0",
    ],
    ["too few names of classes", () => ({ classes: ["a"] }), "classes"],
    ["a preparation of another column", () => ({ inputs: { y: fromRecord(["a"]) } }), "inputs.y"],
    ["a preparation of another type", () => ({ inputs: { x: fromRecord(["a"]) } }), "inputs.x"],
    [
      "two columns of one name",
      ({ columns }) => ({ columns: { ...columns, "params.0.bias": columns.x } }),
      "params",
    ],
  ])("is refused with %s", async (_, change, where) => {
    const model = await run(loadModel(path));
    const changed: Model = { ...model, ...change(model) };
    const tensors = Object.entries(changed.params).filter(([, value]) => value !== undefined);
    const file = encodeSafetensors({
      tensors: Object.fromEntries(tensors),
      metadata: { "fluxion.model": encodeModel(changed) },
    });
    expect((await refusal(file)).message).toContain(where);
  });

  it("refuses rows of other types, by the name of their column", async () => {
    const predict = predictor(await run(loadModel(path)));
    const rejected = (row: object) => predict(row as never).catch((error: unknown) => error);
    expect(await rejected({ x: tensor([1]) })).toMatchObject({
      _tag: "ShapeMismatch",
      op: 'points: the column "x"',
    });
    expect(await rejected({ x: tensor([1, 2, 3, 4], "f64") })).toMatchObject({
      _tag: "DtypeMismatch",
    });
    expect(await rejected({ y: tensor([1]) })).toMatchObject({
      _tag: "UnknownColumn",
      column: "x",
    });
    const tight = predictor(await run(loadModel(path)), { maxBytes: 100 });
    await expect(tight({ x: tensor([1, 2, 3, 4]) })).rejects.toMatchObject({ _tag: "MemoryLimit" });
  });
});

describe("a model that is asked as users ask", () => {
  const table = "length,width,kind\n1,1,round\n4,1,long\n2,2,round\n8,1,long";
  const read = parseCsv(
    table,
    { size: ["length", "width"], kind: { column: "kind", classes: ["round", "long"] } },
    "shapes.csv",
  );
  const train = read._tag === "Right" ? read.right : expect.unreachable();
  const shapes = pipeline(
    "shapes",
    Effect.succeed({
      train,
      inputs: { size: fromRecord(["length", "width"]) },
      classes: ["round", "long"],
    }),
    supervised({
      input: "size",
      target: "kind",
      classes: 2,
      model: sequential(dense(2, 4), relu, dense(4, 2)),
      loss: softmaxCrossEntropy,
      optimizer: adam({ learningRate: 0.1 }),
    }),
    { batchSize: 4 },
  );
  const begun = initialState(shapes);

  it("answers with the name of a class, from the pipeline and from its file", async () => {
    const model = await run(
      Effect.flatMap(modelOf(shapes, begun), (of) =>
        decodeModelFile(encodeModelFile(of), "shapes"),
      ),
    );
    const row = { size: { length: 4, width: "1" } };
    const [own, from] = [predictor(shapes, begun), predictor(model)];
    const answer = await own.answer(row);
    expect(answer).toEqual(await from.answer(row));
    const {
      class: name,
      probability,
      probabilities,
    } = answer as never as {
      readonly class: string;
      readonly probability: number;
      readonly probabilities: { readonly [kind: string]: number };
    };
    expect(["round", "long"]).toContain(name);
    expect(probabilities[name]).toBe(probability);
    expect((probabilities.round ?? 0) + (probabilities.long ?? 0)).toBeCloseTo(1, 12);
    expect((await own(row)).toArray()).toEqual((await from(train.row(1))).toArray());
    expect(await own.answers([row, row])).toEqual([answer, answer]);
    await expect(from({ size: { length: 4 } })).rejects.toMatchObject({
      _tag: "UnknownColumn",
      column: "width",
    });
    await expect(from({ kind: "round" })).rejects.toThrow("raw values are possible for size");
  });

  it("answers with boxes by their scores, from the pipeline and from its file", async () => {
    // A detector of two boxes whose sides are the row, and whose scores are 0.25 and those of its params.
    const detector = pipeline(
      "boxes",
      Effect.succeed({
        train: dataset({ x: tensor([[0.1, 0.2, 0.3, 0.4]]) }),
        classes: ["cell", "other"],
        boxes: { least: 0.25 },
      }),
      objective({
        models: { scores: lambda("scores", (x: Expr) => mul(x, 0)) },
        loss: ({ scores }, { x }) => sum(scores(x)) as Expr<readonly []>, // over all axes
        predict: (_, { x }) =>
          stack([0.25, 0.75, 0.125].map((score, i) => concatenate([x, tensor([i % 2, score])]))),
        optimizer: adam({ learningRate: 0.1 }),
      }),
    );
    const start = initialState(detector);
    const model = await run(
      Effect.flatMap(modelOf(detector, start), (of) => decodeModelFile(encodeModelFile(of), "it")),
    );
    const row = { x: tensor([0, 0.25, 0.5, 1]) };
    const sides = { left: 0, top: 0.25, right: 0.5, bottom: 1 };
    const said = await predictor(model).answer(row);
    expect(said).toEqual({
      boxes: [
        { class: "other", score: 0.75, ...sides },
        { class: "cell", score: 0.25, ...sides },
      ],
    });
    expect(await predictor(detector, start).answer(row)).toEqual(said);
    const mistaken = { ...model, boxes: undefined };
    await expect(predictor(mistaken).answer(row)).rejects.toThrow("names for 18 classes");
    const flat: Model = { ...(await run(loadModel(path))), boxes: { least: 0.5 } };
    expect(await run(Effect.flip(decodeModelFile(encodeModelFile(flat), "it")))).toMatchObject({
      _tag: "DecodeError",
      issues: [{ path: ["boxes"], expected: "an output of boxes, [n, 6]" }],
    });
    await expect(predictor(flat).answer({ x: tensor([1, 2, 3, 4]) })).rejects.toThrow("[n, 6]");
  });

  it("answers with numbers where classes have no names", async () => {
    const plain = predictor(small, state);
    const x = tensor([1, 2, 3, 4]);
    expect(await plain.answer({ x })).toEqual({ value: (await plain({ x })).toArray() });
    await expect(plain({ x: { a: 1 } })).rejects.toMatchObject({ _tag: "InvalidArgument" });
    const misnamed = pipe(small, (of) => ({
      ...of,
      source: Effect.map(of.source, (splits) => ({ ...splits, classes: ["a", "b"] })),
    }));
    await expect(predictor(misnamed, state).answer({ x })).rejects.toThrow("names for 3 classes");
  });
});
