import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterAll, describe, expect, it } from "vitest";
import { predicted } from "../../../src/cli/predict/commands.ts";
import {
  dataset,
  fromSound,
  fromText,
  readWav,
  toSound,
  vocabularyOf,
} from "../../../src/data/index.ts";
import {
  type Expr,
  formatError,
  lambda,
  loadModel,
  meanSquaredError,
  pipeline,
  predictor,
  saveModel,
  sgd,
  supervised,
  tensor,
  zeros,
} from "../../../src/index.ts";
import { cast, take } from "../../../src/ir/index.ts";
import { initialState, modelOf } from "../../../src/train/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-spoken-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = Effect.runPromise;

const as = fromSound({ sampleRate: 8000, frames: 4, window: 8, hop: 2, mels: 3 });

/** A model that says "a" in the first mel and "b" in the second. */
const speaker = (speech = as) =>
  pipeline(
    "speaker",
    Effect.succeed({
      train: dataset({ text: tensor([[1, 2, 0, 0]], "i32"), sound: zeros([1, 4, 3]) }),
      speech,
      inputs: {
        text: fromText({
          ...{ vocabulary: vocabularyOf(["<end>", "a", "b"]), split: "characters" },
          ...{ length: 4, longer: "refused" },
        }),
      },
    }),
    supervised({
      input: "text",
      target: "sound",
      model: lambda("loud", (text: Expr<readonly [4]>) =>
        cast(
          take(
            tensor([
              [0, 0, 0],
              [1, 0, 0],
              [0, 1, 0],
            ]),
            text,
            0,
          ),
          "f32",
        ),
      ),
      loss: (a: Expr, b: Expr) => meanSquaredError(a, b),
      optimizer: sgd({ learningRate: 0 }),
    }),
    { batchSize: 1 },
  );

describe("what a model says", () => {
  const of = speaker();
  const state = initialState(of);

  it("is the sound of the column that it makes", async () => {
    const answer = await predictor(of, state).answer({ text: "aab" });
    const column = tensor([
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ]);
    expect(answer).toEqual({ sound: toSound(as, column) });
  });

  it("is written to a WAV file by a model from a file, one text after another", async () => {
    const file = join(folder, "speaker.safetensors");
    await run(saveModel(of, state, file));
    expect((await run(loadModel(file))).speech).toEqual(as);
    const told = (text: string, output?: string) => {
      const input = join(folder, "x.txt");
      writeFileSync(input, text);
      return run(
        Effect.match(predicted(file, { input, ...(output && { output }) }), {
          onFailure: formatError,
          onSuccess: (t) => t,
        }),
      );
    };
    expect(await told("aab\n")).toContain("0.00 s of sound");
    const said = join(folder, "said.wav");
    expect(await told("aab\nabab\n", said)).toContain("0.30 s at 8000 Hz");
    // 2 and 3 steps of 2 samples, and 0.3 s between them.
    const { samples } = await run(readWav(new Uint8Array(readFileSync(said))));
    expect(samples.shape).toEqual([1, 4 + 2400 + 6]);
    expect(await told("aab\n", join(folder, "said.png"))).toContain("ends in .wav");
    expect(await told("a\n\nb\n", said)).toContain("remove the line");
    expect(await told("abc\n", said)).toContain('"c"');
    expect(await told("ababa\n", said)).toContain(
      "the text has 5 characters, and the model takes at most 4",
    );
  });

  it("is refused where the output has other mels", async () => {
    const other = speaker(fromSound({ sampleRate: 8000, frames: 4, window: 8, mels: 2 }));
    expect(await run(Effect.flip(modelOf(other, state)))).toMatchObject({
      _tag: "InvalidPipeline",
      field: "speech",
    });
    const refusal = await predictor(other, state)
      .answer({ text: "a" })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ _tag: "InvalidArgument", expected: "[frames, 2]" });
  });
});
