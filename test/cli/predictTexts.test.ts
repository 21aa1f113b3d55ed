import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { predicted } from "../../src/cli/predict/commands.ts";
import { fromText, vocabularyOf } from "../../src/data/index.ts";
import {
  dataset,
  formatError,
  objective,
  pipeline,
  saveModel,
  sgd,
  zeros,
} from "../../src/index.ts";
import { add, cast, mean } from "../../src/ir/index.ts";
import { identity } from "../../src/nn/index.ts";
import { initialState } from "../../src/train/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-cli-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("fluxion predict of texts", () => {
  const spoken = at("spoken.safetensors");
  beforeAll(async () => {
    const letters = vocabularyOf(["<pad>", ..."efghinorstuvwx"]);
    const of = pipeline(
      "spoken",
      Effect.succeed({
        train: dataset({ text: zeros([1, 5], "i32"), speaker: zeros([1, 1], "i32") }),
        inputs: {
          text: fromText({
            ...{ vocabulary: letters, length: 5, split: "characters", longer: "refused" },
          }),
          speaker: fromText({ vocabulary: vocabularyOf(["george", "lucas"]), length: 1 }),
        },
      }),
      objective({
        models: { same: identity },
        loss: ({ same }, { text }) => mean(same(cast(text, "f32"))),
        predict: ({ same }, { text, speaker }) => same(add(text, speaker)),
        optimizer: sgd({ learningRate: 0 }),
      }),
    );
    await Effect.runPromise(saveModel(of, initialState(of), spoken));
  });

  it.each<[string, string, string, string]>([
    [
      "a number",
      "number.json",
      '{"text":7,"speaker":"lucas"}',
      'column "text" is 7\n  fix: give it a text in quotes',
    ],
    [
      "an object without texts",
      "none.json",
      "{}",
      'the columns text, speaker, such as {"text": "…", "speaker": "…"}',
    ],
    [
      "a text on each line, of several columns",
      "one.txt",
      "seven\n",
      "one.txt, and a .txt file has one column\n  fix: give it .csv, .jsonl or .json with text, speaker",
    ],
    [
      "a text that is too long",
      "long.csv",
      "text,speaker\nsix,lucas\nseven or three,lucas\n",
      'the text has 14 characters, and the model takes at most 5\n  where: in row 2, column "text"\n  fix: give a shorter text',
    ],
    [
      "an empty text",
      "empty.csv",
      'text,speaker\n"",lucas\n',
      'the text is empty: it has no characters\n  where: in row 1, column "text"\n  fix: write one character or more',
    ],
    [
      "a name that is none of few",
      "name.csv",
      "text,speaker\nseven,bob\n",
      'in the text of the column "speaker", at position 0 of its sequence, row 1\n  fix: give one of george, lucas',
    ],
    [
      "a character that is none of few, without those that are no text",
      "letter.csv",
      "text,speaker\nzero,lucas\n",
      "give one of e, f, g, h, i, n, o, r, s, t, u, v, w, x",
    ],
  ])("refuses %s", async (_, name, text, reason) => {
    writeFileSync(at(name), text);
    const said = Effect.match(predicted(spoken, { input: at(name) }), {
      onFailure: formatError,
      onSuccess: (answers) => answers,
    });
    expect(await Effect.runPromise(said)).toContain(reason);
  });
});
