import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { reverseFact } from "../../pipelines/baselines/graphs/answers.ts";
import { parseTriples, questions, surrounded } from "../../pipelines/data/graphs/triples.ts";
import { knowledgeGraph } from "../../pipelines/graphs/knowledge-graph.ts";
import { prepare } from "../../src/data/index.ts";
import { train$, withBatchSize, withData } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Facts of UMLS's semantic network, as the archive has them. */
const train = parseTriples(
  "virus\tcauses\tdisease_or_syndrome\nbacterium\tcauses\tdisease_or_syndrome\r\nvirus\tisa\torganism\n\n",
);
const valid = parseTriples("bacterium\tisa\torganism\n");
const test = parseTriples("virus\tcauses\tneoplastic_process\n");

const none = [-1, -1];

describe("questions about facts", () => {
  const { train: asked, test: held, classes } = questions({ train, valid, test });

  it("ask for tails and, by inverse relations, for heads", () => {
    expect(classes).toEqual([
      ...["virus", "disease_or_syndrome", "bacterium", "organism", "neoplastic_process"],
    ]);
    expect([...asked.column("head").toTypedArray()]).toEqual([0, 2, 0, 1, 1, 3]);
    expect([...asked.column("relation").toTypedArray()]).toEqual([0, 0, 1, 2, 2, 3]);
    expect([...asked.column("tail").toTypedArray()]).toEqual([1, 1, 3, 0, 2, 0]);
  });

  it("know the other right answers: in training of training facts alone, in the test of all", () => {
    // Which things cause the disease? Virus and bacterium, both training facts.
    expect(asked.column("others").toArray()).toEqual([[-1], [-1], [-1], [2], [0], [-1]]);
    // What does a virus cause, besides the neoplastic process?
    expect(held.column("others").toArray()).toEqual([[1], [-1]]);
  });
});

it("a question of a user names one thing, and two are refused", () => {
  const { head } = questions({ train, valid, test }).inputs;
  expect(prepare("head", head, "virus")._tag).toBe("Right");
  expect(prepare("head", head, "virus, bacterium")).toMatchObject({
    left: { _tag: "SequenceTooLong", length: 2 },
  });
  expect(prepare("head", head, "viruss")).toMatchObject({
    left: { _tag: "UnknownToken", near: "virus" },
  });
  expect(prepare("head", head, " ")).toMatchObject({ left: { _tag: "EmptySequence" } });
  // The name of a stranger's thing may be as long as a book.
  expect(prepare("head", head, "x".repeat(2 ** 20))).toMatchObject({
    left: { _tag: "UnknownToken", near: undefined },
  });
});

it("questions bring what else is known of their heads, without the fact that is asked for", () => {
  const { train: asked } = surrounded(2)(questions({ train, valid, test }));
  // A virus causes a disease (0, 1) and is an organism (1, 3); the disease is caused by both (2, 0), (2, 2).
  expect(asked.column("near").toArray()).toEqual([
    ...[
      [[1, 3], none],
      [none, none],
      [[0, 1], none],
    ],
    ...[
      [[2, 2], none],
      [[2, 0], none],
      [none, none],
    ],
  ]);
});

it("the reverse fact answers where a relation goes both ways, and shares the ranks where it does not", () => {
  const both = parseTriples("a\tlikes\tb\nc\tlikes\ta\n");
  const held = parseTriples("b\tlikes\ta\n");
  const data = questions({ train: both, valid: [], test: held });
  const { evaluate } = reverseFact(3, 1);
  // "Who does b like?" asks a, who likes b: right. "Who likes a?" has the other answer c, and b, whom a likes: right.
  expect(evaluate(data)).toEqual({ mrr: 1, top1: 1, top10: 1 });
  const other = questions({ train: both, valid: [], test: parseTriples("b\tlikes\tc\n") });
  // Both are told of a, which is wrong, so that the right answer shares the ranks 2 and 3.
  expect(evaluate(other)).toEqual({ mrr: 0.4, top1: 0, top10: 1 });
});

it("the model learns the facts, beside the most frequent answers", async () => {
  const data = Effect.succeed(questions({ train, valid, test: train }));
  const events = await collect(
    train$(pipe({ ...knowledgeGraph, operators: [] }, withData(data), withBatchSize(6)), {
      services: backends.wasm,
    }),
  );
  expect(lastOf(events, "Completed").test?.metrics.top1).toBe(1);
  const [baseline] = lastOf(events, "Started").baselines;
  // Of six questions, the heads of "causes" and of "isa" are tied or filtered; the tails are certain.
  expect(baseline?.metrics).toEqual({ mrr: 1, top10: 1 });
});
