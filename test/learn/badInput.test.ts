import * as Effect from "effect/Effect";
import { lastValueFrom, tap } from "rxjs";
import { describe, expect, it, test } from "vitest";
import { optionLaws } from "../../laws/options.ts";
import { learnerOptions } from "../../laws/registry/options/learners.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { streamRows } from "../../src/data/index.ts";
import { formatError, isFluxionError } from "../../src/errors/failure.ts";
import {
  batchObjective,
  dataset,
  dense,
  meanSquaredError,
  objective,
  pipeline,
  scalar,
  supervised,
  type TrainEvent,
  tensor,
  train$,
  withShards,
} from "../../src/index.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { cast, square, sum } from "../../src/ir/index.ts";
import { adversarially, alternating, follow, metaLearned } from "../../src/learn/index.ts";
import type { Loss } from "../../src/nn/losses/index.ts";
import { accuracy, meanOf } from "../../src/nn/metrics/index.ts";
import { sgd } from "../../src/optim/index.ts";
import type { AnyPipeline } from "../../src/train/index.ts";

/** The error of a run, and the events before it. */
const failure = async (of: AnyPipeline) => {
  const events: TrainEvent[] = [];
  const run = lastValueFrom(train$(of).pipe(tap((event) => events.push(event))));
  const error: unknown = await run.then(
    () => expect.unreachable("the run did not fail"),
    (reason: unknown) => reason,
  );
  return { error, events, text: isFluxionError(error) ? formatError(error) : String(error) };
};

const line = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });
const data = Effect.succeed({ train: line });
const optimizer = sgd({ learningRate: 0.01 });
const settings = { batchSize: 2 } as const;
const fitted = supervised<never, never, never, never>({
  ...{ input: "x", target: "y", optimizer },
  model: dense(1, 1),
  loss: meanSquaredError,
} as never);

/** A run of a learner that types would refuse. */
const run = (learner: unknown, source: unknown = data, more = {}): AnyPipeline =>
  pipeline("wrong", source as never, learner as never, { ...settings, ...more });

const refusal = async (of: AnyPipeline) => {
  const { error, events, text } = await failure(of);
  expect(events).toEqual([]);
  return { error, text };
};

describe("before anything runs, a learner is refused", () => {
  it("whose column is not there", async () => {
    const lost = supervised<never, never, never, never>({
      ...{ input: "z", target: "y", optimizer, model: dense(1, 1), loss: meanSquaredError },
    } as never);
    const { error } = await refusal(run(lost));
    expect(error).toMatchObject({ _tag: "UnknownColumn", column: "z", columns: ["x", "y"] });
    const reading = objective({
      models: { see: dense(1, 1) },
      loss: ({ see }, row: { readonly w: Expr<readonly [1]> }) => sum(see(row.w)) as Loss,
      optimizer,
    });
    expect((await refusal(run(reading))).error).toMatchObject({
      _tag: "UnknownColumn",
      column: "w",
    });
  });

  it("whose loss is no scalar, or has a mistake in one of its models, by the model's name", async () => {
    const vector = objective({
      models: { see: dense(1, 2) },
      loss: ({ see }, row: { readonly x: Expr<readonly [1]> }) => see(row.x) as Expr as Loss,
      optimizer,
    });
    expect((await refusal(run(vector))).text).toContain("scalar");
    const wide = { see: dense(1, 2), say: dense(3 as number, 1) };
    for (const made of [objective, batchObjective] as readonly ((spec: never) => unknown)[]) {
      const learner = made({
        models: wide,
        loss: (
          { see, say }: { readonly [name: string]: (x: Expr) => Expr },
          row: { readonly x: Expr },
        ) => sum(square((say as NonNullable<typeof say>)((see as NonNullable<typeof see>)(row.x)))),
        optimizer,
      } as never);
      expect((await refusal(run(learner))).text).toMatch(/in say\.?/);
    }
  });

  it("whose step returns another tree than it took, or other types", async () => {
    const { step } = fitted;
    const shorter = {
      ...fitted,
      step: (...given: Parameters<typeof step>) => ({ ...step(...given), carried: {} }),
    };
    expect((await refusal(run(shorter))).error).toMatchObject({ _tag: "StructureMismatch" });
    const longer = {
      ...fitted,
      step: (...given: Parameters<typeof step>) => {
        const made = step(...given);
        return { ...made, carried: { ...(made.carried as object), more: made.report.loss } };
      },
    };
    expect((await refusal(run(longer))).error).toMatchObject({ _tag: "StructureMismatch" });
  });

  it("whose metric compares what its loss does not return", async () => {
    const silent = (metric: typeof accuracy) =>
      objective({
        models: { see: dense(1, 1) },
        loss: ({ see }, row: { readonly x: Expr<readonly [1]> }) => sum(square(see(row.x))) as Loss,
        ...{ optimizer, metrics: [metric] },
      });
    expect((await refusal(run(silent(accuracy)))).text).toContain("{ loss, output, target }");
    expect((await refusal(run(silent(meanOf("apart"))))).text).toContain("apart");
  });

  it("that has no such setting", async () => {
    const { error } = await refusal({
      ...run(fitted),
      refused: { field: "loss", value: 1, expected: "none" },
    });
    expect(error).toMatchObject({ _tag: "InvalidPipeline", field: "loss" });
  });

  it.each([0, -1, 1.5, Number.NaN])("in %d shards", async (shards) => {
    const { error } = await refusal(withShards(shards)(run(fitted)));
    expect(error).toMatchObject({ _tag: "InvalidPipeline", field: "shards" });
  });
});

describe("every numeric argument of learners", () => {
  test.each(learnerOptions)("$name", (option) => {
    mustHoldHere(optionLaws, option);
  });
});

describe("models that do not fit are refused where they are named", () => {
  const two = { a: dense(1, 1), b: dense(1, 1) };
  const loss = ({ a }: { readonly a: (x: Expr) => Expr }, { x }: { readonly x: Expr }) =>
    sum(square(a(x))) as Loss;
  const made = (more: object) => () =>
    objective({ models: two, loss, optimizer, ...more } as never);
  const meta = () =>
    metaLearned({
      ...{ models: two, support: loss, query: loss, optimizer, inner: { learningRate: 1 } },
      adapts: ["c"],
    } as never);
  it.each<readonly [string, argument: string, () => unknown]>([
    ["training one that is not there", "trains", made({ trains: ["c"] })],
    ["a follower that is not there", "follows", made({ follows: { c: follow("a", 0.9) } })],
    ["following none", "the leader of b", made({ follows: { b: follow("c", 0.9) } })],
    ["following itself", "the leader of b", made({ follows: { b: follow("b", 0.9) } })],
    [
      "training a follower",
      "trains",
      made({ trains: ["a", "b"], follows: { b: follow("a", 0.9) } }),
    ],
    ["only followers", "follows", made({ follows: { a: follow("b", 0.9), b: follow("a", 0.9) } })],
    ["adapting one that is not there", "adapts", meta],
    ["a game without players", "players", () => alternating({})],
  ])("%s", (_, argument, make) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidArgument", argument }));
  });

  it("a follower of another shape, and players of other models, before the run", async () => {
    const wide = objective({
      ...{ models: { a: dense(1, 1), b: dense(1, 2) }, loss, optimizer },
      follows: { b: follow("a", 0.9) },
    } as never);
    expect((await refusal(run(wide))).text).toContain("f32 [1] at bias");
    const other = objective({ models: { c: dense(1, 1) }, loss, optimizer } as never);
    const player = objective({ models: two, loss, optimizer } as never);
    const game = alternating({ p: player, q: other } as never);
    expect((await refusal(run(game))).error).toMatchObject({ _tag: "StructureMismatch" });
  });

  it.each<readonly [string, object, tag: string]>([
    ["a number", { loss: () => 3 }, "InvalidArgument"],
    ["nothing", { loss: () => undefined }, "InvalidArgument"],
    ["whole numbers", { loss: () => constant(scalar(3, "i32")) }, "DtypeMismatch"],
    [
      "the output of no model",
      { loss: (models: { readonly [name: string]: (x: Expr) => Expr }) => models.c },
      "InvalidArgument",
    ],
  ])("a loss of %s", async (_, more, tag) => {
    const { error } = await refusal(run(made(more)()));
    const [cause = error] = (error as { readonly causes?: readonly unknown[] }).causes ?? [];
    expect(cause).toMatchObject({ _tag: tag, op: "loss" });
  });

  it("an adversary of a column of whole numbers", async () => {
    const source = Effect.succeed({
      train: dataset({ x: tensor([[0], [1]], "i32"), y: tensor([[1], [3]]) }),
    });
    const gradient = adversarially({ column: "x", epsilon: 0.1 });
    const learner = made({
      gradient,
      loss: ({ a }: { readonly a: (x: Expr) => Expr }, { x }: { readonly x: Expr }) =>
        sum(a(cast(x, "f32"))),
    });
    const { text } = await refusal(run(learner(), source));
    expect(text).toContain('floats in the column "x"');
  });
});

describe("a stream", () => {
  const rowAt = (x: number) => ({ x: tensor([x]), y: tensor([2 * x + 1]) });
  const streamed = (rows: () => Iterable<unknown>, more = {}) =>
    Effect.succeed({ train: streamRows(rows as never, { shuffleBuffer: 1, ...more }) });

  it("trains like the rows that it yields", async () => {
    const source = streamed(() => [0, 1, 2, 3].map(rowAt));
    const of = (from: unknown) => run(fitted, from, { epochs: 3, shuffle: false });
    const [stream, stored] = await Promise.all(
      [source, data].map((from) => lastValueFrom(train$(of(from)))),
    );
    const carried = (event: TrainEvent | undefined) =>
      event?._tag === "Completed" ? JSON.stringify(event.state.carried) : undefined;
    expect(carried(stream)).toBe(carried(stored));
    expect(carried(stream)).toBeDefined();
  });

  it("that throws, ends early or changes its rows fails the run, and the last sound state is told", async () => {
    const broken: readonly (readonly [
      tag: string,
      rows: () => Iterable<unknown>,
      more?: object,
    ])[] = [
      [
        "StreamFailed",
        function* () {
          for (let i = 0; ; i++) {
            if (i === 7) throw new Error("the disk is gone");
            yield rowAt(i % 4);
          }
        },
      ],
      ["StreamEnded", () => [0, 1, 2, 3, 0].map(rowAt), { rows: 8 }],
      ["RowMismatch", () => [rowAt(0), rowAt(1), rowAt(2), { x: tensor([1, 2]), y: tensor([1]) }]],
      ["RowMismatch", () => [rowAt(0), rowAt(1), { x: scalar(1) }]],
      ["NonFiniteData", () => [rowAt(0), rowAt(1), rowAt(Number.NaN)]],
    ];
    for (const [tag, rows, more] of broken) {
      const { error, events } = await failure(
        run(fitted, streamed(rows, more), { shuffle: false }),
      );
      expect(error).toMatchObject({ _tag: tag });
      // Every whole batch before the fault was learned from.
      expect(events.filter((event) => event._tag === "StepCompleted").length).toBeGreaterThan(0);
    }
  });

  it("cannot be compared with baselines, or be split", async () => {
    const source = streamed(() => [0, 1, 2, 3].map(rowAt));
    const compared = {
      ...run(fitted, source),
      baselines: [{ name: "mean", evaluate: () => ({}) }],
    };
    expect((await refusal(compared)).text).toContain("baselines need a dataset");
    expect((await refusal(run(fitted, source, { validationShare: 0.5 }))).text).toContain(
      "dataset",
    );
  });
});

it("a model that starts from another of other shapes says which leaf differs", async () => {
  const wider = supervised<never, never, never, never>({
    ...{ input: "x", target: "y", optimizer, model: dense(1, 2), loss: () => 0 },
  } as never);
  const origin = { ...run(fitted), epochs: 1 };
  const { error } = await failure({ ...run(wider), origin });
  expect(error).toMatchObject({ _tag: "StateMismatch", part: "params" });
});
