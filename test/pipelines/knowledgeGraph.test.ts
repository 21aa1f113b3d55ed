import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { reverseFact } from "../../pipelines/baselines/graphs/answers.ts";
import { parseTriples, questions, surrounded } from "../../pipelines/data/graphs/triples.ts";
import { knowledgeGraph } from "../../pipelines/graphs/knowledge-graph.ts";
import { likeness, made } from "../../pipelines/graphs/scores/scores.ts";
import { wordnetRotatE } from "../../pipelines/graphs/wordnet.ts";
import { wordnetConvolution } from "../../pipelines/graphs/wordnet-convolution.ts";
import { prepare } from "../../src/data/index.ts";
import {
  type Expr,
  predictor,
  type Tensor,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
} from "../../src/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant, program } from "../../src/ir/index.ts";
import { datasetOfRows, type RawRow } from "../../src/train/predict/rows.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Facts of UMLS's semantic network, as the archive has them. */
const train = parseTriples(
  "virus\tcauses\tdisease_or_syndrome\nbacterium\tcauses\tdisease_or_syndrome\r\nvirus\tisa\torganism\n\n",
);
const valid = parseTriples("bacterium\tisa\torganism\n");
const test = parseTriples("virus\tcauses\tneoplastic_process\n");

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

describe("what else is known of the heads of questions", () => {
  const { train: asked, inputs } = surrounded(2)(questions({ train, valid, test }));

  it("comes with them, without the fact that is asked for", () => {
    // A virus causes a disease (0, 1) and is an organism (1, 3); the disease is caused by both (2, 0), (2, 2). There are four
    // relations with their inverses, and five things.
    const by = [
      [1, 4],
      [4, 4],
      [0, 4],
      [2, 4],
      [2, 4],
      [4, 4],
    ];
    const to = [
      [3, 5],
      [5, 5],
      [1, 5],
      [2, 5],
      [0, 5],
      [5, 5],
    ];
    expect(asked.column("by").toArray()).toEqual(by);
    expect(asked.column("to").toArray()).toEqual(to);
  });

  it("is named by who asks, at most so many facts", () => {
    const said = (text: string) => prepare("by", inputs.by, text);
    const one = said("inverse_of_causes");
    expect(one._tag === "Right" && one.right.toArray()).toEqual([2, 4]);
    expect(said("isa, isa, isa")).toMatchObject({ left: { _tag: "SequenceTooLong", limit: 2 } });
    expect(said("virus")).toMatchObject({ left: { _tag: "UnknownToken" } });
    // Nothing is known of some heads, also in training.
    for (const nothing of ["", " , "]) {
      const none = said(nothing);
      expect(none._tag === "Right" && none.right.toArray()).toEqual([4, 4]);
    }
  });

  it("is named in pairs: a relation and a tail without one another are refused, with both counts", async () => {
    const asked = async (by: string | Tensor, to: string | Tensor, ...others: RawRow[]) => {
      const rows = [...others, { head: "virus", relation: "causes", by, to }];
      return Effect.runPromise(Effect.result(datasetOfRows(rows, inputs, "the rows")));
    };
    const fact = { head: "virus", relation: "causes", by: "isa", to: "organism" };
    const wrong = async (...of: Parameters<typeof asked>) => {
      const said = await asked(...of);
      return said._tag === "Failure" ? String(said.failure) : expect.unreachable("it was taken");
    };
    expect(await wrong("isa", "organism disease_or_syndrome", fact)).toMatch(
      /column "by" of row 2 is a text of 1 item beside 2 items of column "to"\n {2}fix: give it as many items as column "to", in the same order/,
    );
    expect(await wrong("isa isa", "organism")).toMatch(/a text of 2 items beside 1 item/);
    expect(await wrong("isa", "")).toMatch(/a text of 1 item beside 0 items/);
    expect(await wrong(tensor([1, 4], "i32"), "")).toMatch(/a text of 1 item beside 0 items/);
    for (const [by, to] of [
      ["", ""],
      ["isa", "organism"],
      ["isa, causes", "organism disease_or_syndrome"],
    ] as const)
      expect(await asked(by, to)).toMatchObject({ _tag: "Success" });
  });
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

/** Facts of WN18RR, as the archive has them. */
const meanings = parseTriples(`00260881\t_hypernym\t00260622
01332730\t_derivationally_related_form\t03122748
06066555\t_derivationally_related_form\t00645415
09322930\t_instance_hypernym\t09360122
07193596\t_derivationally_related_form\t00784342
`);

it("a relation steps, weighs or turns, and answers are like what it makes of a head", () => {
  const said = (x: Expr) => run(program([], [x]), [])[0]?.toArray();
  const rows = (...values: number[][]) => constant(tensor(values));
  const head = rows([3, 4]);
  // 3 + 4i, turned by a right angle, is -4 + 3i.
  const turned = run(program([], [made.rotate(head, rows([Math.PI / 2, 2]))]), [])[0];
  expect([turned?.at(0, 0), turned?.at(0, 1)].map((x) => Math.fround(x ?? 0).toFixed(4))).toEqual([
    "-4.0000",
    "3.0000",
  ]);
  expect(said(made.complex(head, rows([0, 1])))).toEqual([[-4, 3]]);
  expect(said(made.transe(head, rows([1, 2])))).toEqual([[4, 6]]);
  expect(said(made.distmult(head, rows([1, 2])))).toEqual([[3, 8]]);
  const others = rows([3, 4], [0, 0]);
  expect(said(likeness.transe.all(head, others))).toEqual([[0, -25]]);
  expect(said(likeness.transe.own(head, rows([0, 0])))).toEqual([-25]);
  expect(said(likeness.complex.all(head, others))).toEqual([[25, 0]]);
  expect(said(likeness.complex.own(head, rows([1, 1])))).toEqual([7]);
});

it("RotatE lowers its loss on facts of WordNet, and asks among all meanings in the test", async () => {
  const data = Effect.succeed(questions({ train: meanings, valid: [], test: meanings }));
  const events = await collect(
    train$(pipe(wordnetRotatE, withData(data), withBatchSize(10), withEpochs(3)), {
      services: backends.wasm,
    }),
  );
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  expect(lastOf(events, "Completed").test?.metrics.mrr).toBeGreaterThan(0.1);
});

it("the convolution of wordnet learns, and answers a question that brings facts", async () => {
  const asked = surrounded(8)(questions({ train: meanings, valid: [], test: meanings }));
  // The network has the meanings of the whole graph, of which ten have names here.
  const classes = Array.from({ length: 40_943 }, (_, i) => asked.classes[i] ?? `meaning ${i}`);
  const data = Effect.succeed({ ...asked, classes });
  // Steps of Adagrad are large before it has seen much, and these are the first three.
  const brief = pipe(wordnetConvolution, withBatchSize(10), withEpochs(3), withLearningRate(0.01));
  const of = withData(data)(brief);
  const events = await collect(train$(of, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  const question = { head: "06066555", relation: "_derivationally_related_form" };
  const { answer } = predictor(of, lastOf(events, "Completed").state);
  const said = await answer({ ...question, by: "inverse_of__hypernym", to: "00260622" });
  expect(classes).toContain("class" in said && said.class);
  const alone = await answer({ ...question, by: "", to: "" });
  expect(classes).toContain("class" in alone && alone.class);
});
