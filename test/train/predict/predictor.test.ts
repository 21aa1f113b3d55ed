import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { of as emitting, lastValueFrom, throwError, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { Backend as Service } from "../../../src/backend/backend.ts";
import {
  Backend,
  dataset,
  dense,
  type Expr,
  embedding,
  evaluate,
  meanSquaredError,
  objective,
  pipeline,
  predictor,
  type Row,
  sgd,
  supervised,
  tensor,
} from "../../../src/index.ts";
import { flatten, sequential } from "../../../src/nn/index.ts";
import { initialState, makePredictor } from "../../../src/train/index.ts";
import { points, small } from "../examples.ts";

const state = initialState(small);
const x = (...numbers: readonly number[]): Row => ({ x: tensor(numbers) });

/** Counts what is compiled. */
const counting = () => {
  const sizes: (number | undefined)[] = [];
  const services = Layer.provide(
    Layer.effect(
      Service,
      Effect.map(Service, (backend) => ({
        ...backend,
        compile: (...args: Parameters<typeof backend.compile>) => {
          sizes.push(args[0].outputs.at(-1)?.shape[0]);
          return backend.compile(...args);
        },
      })),
    ),
    Backend.layerReference,
  );
  return { sizes, services };
};

describe("a predictor", () => {
  const predict = predictor(small, state);

  it("gives one output for a row, and outputs along a leading axis for several", async () => {
    const examples = points(5, 2);
    const all = await predict(examples);
    expect(all.shape).toEqual([5, 3]);
    const one = await predict(examples.row(3));
    expect(one.shape).toEqual([3]);
    one.toTypedArray().forEach((y, j) => {
      expect(y).toBeCloseTo(all.at(3, j), 6);
    });
    expect((await predict([examples.row(0), examples.row(1)])).shape).toEqual([2, 3]);
  });

  it("reads only the columns of the model: no label is needed", async () => {
    expect((await predict(x(1, 2, 3, 4))).shape).toEqual([3]);
  });

  it("compiles one program for single rows and one for batches, whatever is asked", async () => {
    const { sizes, services } = counting();
    const counted = predictor(small, state, { services, batchSize: 8 });
    expect(sizes).toEqual([]);
    for (const n of [1, 5, 8, 20, 1, 3]) await counted(points(n, n));
    expect(sizes).toEqual([1, 8]);
  });

  it("answers a stream item by item, in order", async () => {
    const rows = [x(1, 2, 3, 4), points(2, 3), x(4, 3, 2, 1)];
    const made = await lastValueFrom(predict(emitting(...rows)).pipe(toArray()));
    expect(made.map(({ shape }) => shape)).toEqual([[3], [2, 3], [3]]);
    async function* asked() {
      yield* rows;
    }
    const again = [];
    for await (const outputs of predict(asked())) again.push(outputs.toArray());
    expect(again).toEqual(made.map((outputs) => outputs.toArray()));
    const failing = predict(throwError(() => new Error("no camera")));
    await expect(lastValueFrom(failing)).rejects.toThrow("no camera");
  });

  it("answers callers who ask at once", async () => {
    const asked = Array.from({ length: 12 }, (_, i) => points(1 + (i % 5), i));
    const together = await Promise.all(asked.map((rows) => predict(rows)));
    for (const [i, rows] of asked.entries())
      expect(together[i]?.toArray()).toEqual((await predict(rows)).toArray());
  });

  it.each([
    ["nothing", [], "EmptyDataset"],
    ["a row without columns", {}, "EmptyDataset"],
    ["another column", { z: tensor([1]) }, "UnknownColumn"],
    ["another shape", x(1, 2, 3), "CompileError"],
    ["another dtype", { x: tensor([1, 2, 3, 4], "i32") }, "CompileError"],
    ["a number", 3, "InvalidArgument"],
    ["null", null, "InvalidArgument"],
    ["plain numbers in a column", { x: [1, 2, 3, 4] }, "InvalidArgument"],
    ["rows that differ", [x(1, 2, 3, 4), x(1, 2)], "ShapeMismatch"],
  ])("refuses %s", async (_, rows, tag) => {
    await expect(predict(rows as Row)).rejects.toMatchObject({ _tag: tag });
    // And goes on.
    expect((await predict(x(1, 2, 3, 4))).shape).toEqual([3]);
  });

  it("refuses a token that the model does not know, and a learner that predicts nothing", async () => {
    const reading = pipeline(
      "tokens",
      Effect.succeed({ train: dataset({ x: tensor([[0, 1]], "i32"), y: tensor([[1]]) }) }),
      supervised({
        input: "x",
        target: "y",
        tokens: 3,
        model: sequential(embedding(3, 2), flatten, dense(4, 1)),
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.1 }),
      }),
    );
    const read = predictor(reading, initialState(reading));
    await expect(read({ x: tensor([1, 3], "i32") })).rejects.toMatchObject({
      _tag: "UnknownToken",
      token: "3",
    });
    const silent = pipeline(
      "silent",
      Effect.succeed({ train: dataset({ x: tensor([[1]]) }) }),
      objective({
        models: { m: dense(1, 1) },
        loss: ({ m }, row: { readonly x: Expr<readonly [1]> }) => meanSquaredError(m(row.x), row.x),
        optimizer: sgd({ learningRate: 0.1 }),
      }),
    );
    const asked = predictor(silent, initialState(silent));
    await expect(asked(x(1))).rejects.toMatchObject({ _tag: "InvalidPipeline" });
  });

  it("refuses the state of another pipeline, a batch size that is none, and everything after its release", async () => {
    const other = { ...state, carried: { ...state.carried, params: [] } };
    await expect(predictor(small, other as never)(x(1, 2, 3, 4))).rejects.toMatchObject({
      _tag: "StateMismatch",
    });
    expect(() => predictor(small, state, { batchSize: 0 })).toThrow("batchSize is 0");
    const given = predictor(small, state);
    await given(x(1, 2, 3, 4));
    await given.release();
    await expect(given(x(1, 2, 3, 4))).rejects.toMatchObject({ _tag: "BackendClosed" });
  });

  it("is an Effect, too, on the caller's backend or on the default one", async () => {
    const { sizes, services } = counting();
    const asked = Effect.scoped(
      Effect.flatMap(makePredictor(small, state), (ask) => ask(x(1, 2, 3, 4))),
    );
    const own = await Effect.runPromise(Effect.provide(asked, services));
    expect(sizes).toEqual([1]);
    const shared = await Effect.runPromise(asked);
    expect(sizes).toEqual([1]);
    expect(shared.shape).toEqual(own.shape);
  });
});

describe("metrics of a state", () => {
  it("are those of a split of the pipeline's data", async () => {
    const test = await Effect.runPromise(evaluate(small, state, "test"));
    expect(test).toEqual(await Effect.runPromise(evaluate(small, state, points(30, 8))));
    expect(await Effect.runPromise(evaluate(small, state, "train"))).not.toEqual(test);
    await expect(Effect.runPromise(evaluate(small, state, "validation"))).rejects.toThrow(
      'give it a dataset or a stream or "train" or "test"',
    );
  });
});
