import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  adam,
  dataset,
  dense,
  key,
  objective,
  pipeline,
  sequential,
  sgd,
  supervised,
  tensor,
  train$,
} from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { tanh } from "../../src/ir/index.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import type { AnyLearner, Learner } from "../../src/learn/index.ts";
import { frozen, loadInto, lora, pretrained } from "../../src/nn/index.ts";
import { distillation, softmaxCrossEntropy } from "../../src/nn/losses/index.ts";
import { accuracy } from "../../src/nn/metrics/index.ts";
import { freeze, partition } from "../../src/optim/index.ts";

type Point = { readonly x: Expr<readonly [2]>; readonly y: Expr<readonly []> };

const corners = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
/** The corners of a square with classes, which no linear model tells apart. */
const classed = (...classes: readonly [number, number, number, number]) =>
  Effect.succeed({
    train: dataset({ x: corners, y: tensor([...classes], "i32") }),
    test: dataset({ x: corners, y: tensor([...classes], "i32") }),
  });

const body = sequential(dense(2, 8), tanh);
const network = sequential(body, dense(8, 2));
const optimizer = adam({ learningRate: 0.05 });

const trained = async <C>(learner: Learner<Point, C>, data = classed(0, 1, 1, 0)) => {
  const of = pipeline("corners", data, learner as AnyLearner as never, {
    batchSize: 4,
    epochs: 150,
  });
  const end = await lastValueFrom(train$(of));
  if (end._tag !== "Completed") return expect.unreachable();
  return { carried: end.state.carried as C, accuracy: end.test?.metrics.accuracy };
};

const learns = <M>(model: M, over = optimizer) =>
  supervised<Point, "x", "y", M & typeof network>({
    input: "x",
    target: "y",
    model: model as never,
    loss: softmaxCrossEntropy as never,
    metrics: [accuracy],
    optimizer: over,
  });

const bitsOf = (params: unknown) =>
  flattenTensors(params).leaves.map((leaf) => [...leaf.toTypedArray()]);

describe("a trained model", async () => {
  const first = await trained(learns(network));
  const { params } = first.carried;

  it("lends its body to a model with a new head, frozen or in a frozen group", async () => {
    const bigger = sequential(body, dense(8, 3));
    const { params: loaded, ...report } = loadInto(bigger.init(key(1)).params, params);
    expect(report).toEqual({
      loaded: ["0.0.bias", "0.0.weight"],
      missing: [],
      leftOver: [],
      misfits: [
        { path: "1.bias", expected: "f32 [3]", actual: "f32 [2]" },
        { path: "1.weight", expected: "f32 [8, 3]", actual: "f32 [8, 2]" },
      ],
    });
    const held = sequential(frozen(pretrained(body, loaded[0])), dense(8, 3));
    const groups = partition((path) => (path.startsWith("0") ? "body" : "head"), {
      body: freeze,
      head: optimizer,
    });
    for (const [model, over] of [
      [held, optimizer],
      [pretrained(bigger, loaded), groups],
    ] as const) {
      const next = await trained(learns(model, over), classed(2, 1, 1, 0));
      expect(bitsOf(next.carried.params[0])).toEqual(bitsOf(params[0]));
      expect(next.accuracy).toBe(1);
    }
  });

  it("is fine-tuned by small adapters alone, which merge into plain params", async () => {
    const adapting = lora(pretrained(network, params), { rank: 1, alpha: 4 });
    const next = await trained(learns(adapting), classed(1, 0, 0, 1));
    expect(next.accuracy).toBe(1);
    // The base is as it was, and adam has two moments of each number of the adapters, and two counts.
    const {
      layerState,
      optimizerState,
      params: adapters,
    } = next.carried as never as {
      readonly [K in "layerState" | "optimizerState" | "params"]: never;
    };
    expect(bitsOf((layerState as { readonly base: unknown }).base)).toEqual(bitsOf(params));
    const count = (tree: unknown) => bitsOf(tree).flat().length;
    expect([count(params), count(adapters), count(optimizerState)]).toEqual([42, 20, 2 * 20 + 2]);
    const merged = adapting.merge({ params: adapters, state: layerState });
    const plain = supervised<Point, "x", "y", typeof network>({
      ...{ input: "x", target: "y", loss: softmaxCrossEntropy as never, metrics: [accuracy] },
      model: pretrained(network, merged.params),
      optimizer: sgd({ learningRate: 0 }),
    });
    expect((await trained(plain, classed(1, 0, 0, 1))).accuracy).toBe(1);
  });

  it("teaches a student that sees no label, and stays as it is", async () => {
    const student = objective({
      models: {
        teacher: pretrained(network, params),
        student: sequential(dense(2, 4), tanh, dense(4, 2)),
      },
      trains: ["student"],
      loss: ({ teacher, student }, { x, y }: Point) => {
        const output = student(x);
        return { loss: distillation(output, y, teacher(x), { alpha: 1 }), output, target: y };
      },
      metrics: [accuracy],
      optimizer,
    });
    // The labels are wrong, but with α = 1 only the teacher counts.
    const next = await trained(student, classed(1, 0, 0, 1));
    expect([first.accuracy, next.accuracy]).toEqual([1, 0]);
    expect(bitsOf(next.carried.params.teacher)).toEqual(bitsOf(params));
  });

  it("does not fit another layer", () => {
    const wrong = pretrained(sequential(dense(2, 8), tanh), [
      { weight: tensor([[1, 2]]), bias: tensor([1]) },
      undefined,
    ] as never);
    expect(() => wrong.init(key(0))).toThrow("f32 [1] at 0.bias");
  });
});
