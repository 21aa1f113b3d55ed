import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { bigrams } from "../../pipelines/baselines/language/bigrams.ts";
import { textSplits } from "../../pipelines/data/language/labelled.ts";
import { parseSentences, sentenceSplits, sets } from "../../pipelines/data/language/sentences.ts";
import {
  sentencesSst2Transformer,
  sentencesTrec,
  sentencesTrecTransformer,
} from "../../pipelines/language/sentences.ts";
import { dataset, tensor, train$, withBatchSize, withData, withEpochs } from "../../src/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Questions of TREC, as its file has them. */
const questions = `0 How did serfdom develop in and then leave Russia ?
1 What films featured the character Popeye Doyle ?
0 How can I find a list of celebrities ' real names ?
1 What fowl grabs the spotlight after the Chinese Year of the Monkey ?
2 What is the full form of .com ?
3 What contemptible scoundrel stole the cork from my lunch ?
3 What team did baseball 's St. Louis Browns become ?
4 When was Ozzy Osbourne born ?
5 What sprawling U.S. state boasts the most airports ?
5 What county is Modesto , California in ?
`;

/** Sentences of SST-2, as its file has them. */
const reviews = `0 the film is strictly routine .
1 this is a stunning film , a one-of-a-kind tour de force .
0 final verdict : you 've seen it all before .
1 a slick , engrossing melodrama .
0 no , i hate it .
0 gooding offers a desperately ingratiating performance .
1 a fun ride .
1 an edgy thriller that delivers a surprising punch .
1 otto-sallies has a real filmmaker 's eye .
0 lurid and less than lucid work .
`;

describe("sentences", () => {
  it("are read with their classes, and endings go back to their words", () => {
    const parsed = parseSentences(`${questions}1 It did n't work , it 's 'fine'\n7\n\n3 ?!\n`);
    expect(parsed).toHaveLength(11);
    expect(parsed[0]).toEqual({
      label: 0,
      text: "How did serfdom develop in and then leave Russia ?",
    });
    expect(parsed.at(-1)).toEqual({ label: 1, text: "It didn't work , it's 'fine'" });
    // A closing quotation mark before an s is none of these endings.
    expect(parsed[2]?.text).toContain("celebrities ' real");
  });

  it("are on one side of the split, also where capitals and punctuation differ", () => {
    const parsed = parseSentences(questions);
    const [test] = parseSentences("4 when was ozzy osbourne born\n");
    if (test === undefined) throw new Error("no sentence");
    const { train, test: held } = sentenceSplits(parsed, [test], sets.trec);
    expect([train.size, held.size]).toEqual([9, 1]);
    expect(train.column("label").toTypedArray()).not.toContain(4);
    const own = sentenceSplits([...parsed, ...parsed], undefined, sets.mr);
    expect([own.train.size, own.test.size]).toEqual([9, 1]);
  });
});

it("naive Bayes weighs which words and bigrams a text has", () => {
  const rows = (text: number[][], label: number[]) =>
    dataset({ text: tensor(text, "i32"), label: tensor(label, "i32") });
  const train = rows(
    [
      [2, 3, 0],
      [3, 2, 0],
      [2, 2, 0],
    ],
    [0, 1, 1],
  );
  // Features: 2, 3, (2, 3), (3, 2), (2, 2), each once in a text. Class 0 has 3 of them and class 1 has 5, smoothed by 1:
  // (2, 3) is 1/3 · 2/8 · 2/8 · 2/8 = 0.0052 in class 0 and 2/3 · 3/10 · 2/10 · 1/10 = 0.004 in class 1.
  const test = rows([[2, 3, 0]], [0]);
  expect(bigrams().evaluate({ train, test } as never)).toEqual({ accuracy: 1, f1: 1 });
  // (3, 3): 3 alone is known, 1/3 · 2/8 = 0.083 and 2/3 · 2/10 = 0.133.
  expect(bigrams().evaluate({ train, test: rows([[3, 3, 0]], [0]) } as never)).toEqual({
    accuracy: 0,
    f1: 0,
  });
});

it.each([
  ["Kim's net", "what questions ask for", sentencesTrec, questions, sets.trec],
  ["a Transformer", "what questions ask for", sentencesTrecTransformer, questions, sets.trec],
  ["a Transformer", "praise from complaint", sentencesSst2Transformer, reviews, sets.sst2],
])("%s learns %s, beside naive Bayes", async (_model, _classes, of, text, set) => {
  const parsed = parseSentences(text);
  const data = Effect.succeed(textSplits(parsed, parsed, set));
  const events = await collect(
    train$(pipe(of, withData(data), withBatchSize(5), withEpochs(12)), { services: backends.wasm }),
  );
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(losses.at(-1)).toBeLessThan(0.6 * (losses[0] ?? 0));
  expect(lastOf(events, "Started").baselines[0]?.metrics.accuracy).toBeGreaterThan(0.8);
  const said = lastOf(events, "Sampled").text;
  expect(said.startsWith(`${set.texts[0]}: `)).toBe(true);
  expect(said).toMatch(/^[^:]+: \w+ \([01]\.\d\d\)\n/);
});
