import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { predicted } from "../../../src/cli/predict/commands.ts";
import {
  dataset,
  fromText,
  learnSubwords,
  splitText,
  vocabularyOf,
} from "../../../src/data/index.ts";
import type { SplitText } from "../../../src/data/raw/generation.ts";
import { tokenPlaces } from "../../../src/data/raw/tokenPlaces.ts";
import {
  dense,
  type Expr,
  formatError,
  loadModel,
  objective,
  pipeline,
  predictor,
  saveModel,
  sgd,
  tensor,
} from "../../../src/index.ts";
import {
  add,
  argmax,
  cast,
  concatenate,
  eq,
  expandDims,
  index,
  sum,
} from "../../../src/ir/index.ts";
import { initialState, modelOf } from "../../../src/train/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-spans-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = Effect.runPromise;

const words = vocabularyOf(["<pad>", "<unknown>", "a", "b", "c", "d"], "<unknown>");
const text = (length: number) => fromText({ vocabulary: words, length, longer: "refused" });

/** The next place. */
const after = (at: Expr): Expr => add(at, 1);

/** A model that points from where the word of the question stands to one place further. */
const pointing = (column: string, output = (at: Expr): Expr => concatenate([at, after(at)])) =>
  pipeline(
    "pointing",
    Effect.succeed({
      train: dataset({ asked: tensor([[2]], "i32"), text: tensor([[2, 3, 0]], "i32") }),
      inputs: { asked: text(1), text: text(3) },
      span: { column },
    }),
    objective({
      models: { none: dense(1, 1) },
      loss: ({ none }, row) =>
        index(none(cast(row.asked, "f32") as Expr<readonly [1]>), 0) as Expr<readonly []>,
      predict: (_, row: { readonly [of in "asked" | "text"]: Expr<readonly [number]> }) =>
        output(expandDims(argmax(cast(eq(row.text, sum(row.asked)), "f32"), 0), 0)),
      optimizer: sgd({ learningRate: 0 }),
    }),
    { batchSize: 1 },
  );
describe("the text that a model points at", () => {
  const of = pointing("text");
  const state = initialState(of);

  it("is what stands from the first to the last token, without padding", async () => {
    const ask = predictor(of, state);
    expect(await ask.answer({ asked: "b", text: "a b c" })).toEqual({
      text: "b c",
      from: 1,
      to: 2,
    });
    expect(await ask.answers([{ asked: "b", text: "A b!" }])).toEqual([
      { text: "b", from: 1, to: 2 },
    ]);
  });

  it("is in the characters of the text that was given, also where no token is known", async () => {
    const ask = predictor(of, state);
    expect(await ask.answer({ asked: "B", text: "a,  B: «Zoë»!" })).toEqual({
      ...{ text: "B: «Zoë", from: 1, to: 2 },
    });
    // Of tokens alone nothing else is known.
    expect(await ask.answer({ asked: tensor([3], "i32"), text: tensor([2, 3, 1], "i32") })).toEqual(
      {
        ...{ text: "b <unknown>", from: 1, to: 2 },
      },
    );
  });

  it("is found for every way to split a text, whatever its characters", () => {
    const split = learnSubwords(["the cat sat", "a cat"], { merges: 8, lowerCase: true });
    const said = fc.string({ unit: "grapheme", maxLength: 20 });
    fc.assert(
      fc.property(said, fc.constantFrom<SplitText>("words", "characters", split), (text, how) => {
        const tokens = splitText(how, text);
        const places = tokenPlaces(text, tokens) ?? tokens.map(() => [0, 0] as const);
        expect(places).toHaveLength(tokens.length);
        let before = 0;
        for (const [from, to] of places) {
          expect(to).toBeGreaterThanOrEqual(from);
          expect(to).toBeLessThanOrEqual(text.length);
          expect(from).toBeGreaterThanOrEqual(before);
          before = from;
        }
      }),
    );
    const text = "The CAT  sat; İstanbul, cafe\u0301";
    const at = (how: typeof split | "words") => {
      const tokens = splitText(how, text);
      return tokenPlaces(text, tokens)?.map(([from, to]) => text.slice(from, to));
    };
    expect(at("words")).toEqual(["The", "CAT", "sat", "İstanbul", "cafe\u0301"]);
    expect(at(split)?.join("")).toBe("TheCATsat;İİstanbul,cafe\u0301");
  });

  it("is that of a model in a file, for rows of JSON and CSV; texts that are empty or too long are refused", async () => {
    const file = join(folder, "pointing.safetensors");
    await run(saveModel(of, state, file));
    expect((await run(loadModel(file))).span).toEqual({ column: "text" });
    const told = (name: string, content: string | Buffer) => {
      const input = join(folder, name);
      writeFileSync(input, content);
      return run(
        Effect.match(predicted(file, { input }), { onFailure: formatError, onSuccess: (t) => t }),
      );
    };
    const row = { asked: "c", text: "c d" };
    expect(await told("row.json", JSON.stringify(row))).toContain("c d");
    expect(await told("rows.csv", 'number,text,asked\n1,"a, c, d",c\n2,b a d,a\n')).toMatch(
      /c, d[\s\S]*a d/,
    );
    expect(await told("rows.tsv", "text\tasked\na, c, d\tc\n")).toContain("c, d");
    // A text may begin with what is a comment elsewhere.
    expect(await told("marks.csv", "text,asked\n#c d,c\n#b a,b\n")).toMatch(/c d[\s\S]*b a/);
    expect(await told("one.csv", "text\na b\n")).toContain('"asked"');
    expect(await told("ragged.csv", "asked,text\na,a, b\n")).toContain("double quotes");
    expect(await told("empty.json", JSON.stringify({ ...row, text: " !" }))).toContain("empty");
    const half = JSON.stringify({ asked: [2.5], text: [2, 3, 0] });
    expect(await told("half.json", half)).toContain("numbers that i32 has");
    const long = await told("long.json", JSON.stringify({ ...row, text: "a b c d" }));
    expect(long).toContain("the text has 4 words, and the model takes at most 3");
    expect(long).toContain("text");
    expect(await told("x.txt", "a\n")).toContain("give it .csv, .jsonl or .json with asked, text");
    expect(await told("latin.csv", Buffer.from("text,asked\ncaf\xe9,a\n", "latin1"))).toContain(
      "save it as text in UTF-8",
    );
  });

  it("is refused where the output is no span, or the column no text", async () => {
    const three = pointing("text", (at) => concatenate([at, at, at]));
    expect(await run(Effect.flip(modelOf(three, state)))).toMatchObject({
      _tag: "InvalidPipeline",
      field: "span",
      expected: expect.stringContaining("[2]"),
    });
    const refusal = await predictor(pointing("none"), state)
      .answer({ asked: "b", text: "a b c" })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ _tag: "InvalidArgument", actual: "none" });
  });
});
