import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isRight } from "fp-ts/lib/Either.js";
import { afterAll, describe, expect, it } from "vitest";
import { predicted } from "../../../src/cli/predict/commands.ts";
import { transcriptionCodec } from "../../../src/codec/transcription.ts";
import { dataset, fromSound, transcription, vocabularyOf } from "../../../src/data/index.ts";
import {
  type Expr,
  formatError,
  lambda,
  loadModel,
  pipeline,
  predictor,
  saveModel,
  sgd,
  supervised,
  tensor,
  zeros,
} from "../../../src/index.ts";
import { log } from "../../../src/ir/index.ts";
import { ctc } from "../../../src/nn/losses/index.ts";
import { initialState, modelOf } from "../../../src/train/index.ts";
import { wavFile } from "../../fuzz/sound.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-heard-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = Effect.runPromise;

const spoken = transcription({
  vocabulary: vocabularyOf(["<blank>", "yes", "no"]),
  separator: " ",
});

/** A model whose logits are the logarithms of what it is given. */
const listener = (of = spoken) =>
  pipeline(
    "listener",
    Effect.succeed({
      train: dataset({ sound: zeros([1, 4, 3]), text: tensor([[1, 2]], "i32") }),
      transcription: of,
      inputs: { sound: fromSound({ sampleRate: 8000, frames: 4, mels: 3 }) },
    }),
    supervised({
      input: "sound",
      target: "text",
      model: lambda("logarithms", (x: Expr<readonly [4, 3]>) => log(x)),
      loss: (logits: Expr, labels: Expr) => ctc(logits, labels),
      optimizer: sgd({ learningRate: 0 }),
    }),
    { batchSize: 1 },
  );

describe("the text that a model hears", () => {
  const of = listener();
  const state = initialState(of);

  it("is the most likely over all paths: one of 0.64 before the best path, of 0.36", async () => {
    const step = [0.6, 0.4, 0];
    const sure = [1, 0, 0];
    const ask = predictor(of, state);
    const said = await ask.answer({ sound: tensor([step, step, sure, sure]) as never });
    expect(said).toEqual({ text: "yes", tokens: ["yes"] });
    const both = tensor([
      [
        [0, 1, 0],
        [0, 1, 0],
        [1, 0, 0],
        [0, 0, 1],
      ],
    ]);
    expect(await ask.answers(dataset({ sound: both }))).toEqual([
      { text: "yes no", tokens: ["yes", "no"] },
    ]);
  });

  it("is that of a model in a file, which answers for a WAV file", async () => {
    const file = join(folder, "listener.safetensors");
    await run(saveModel(of, state, file));
    const model = await run(loadModel(file));
    expect(transcriptionCodec.encode(model.transcription as never)).toEqual(
      transcriptionCodec.encode(spoken),
    );
    const wav = (name: string, samples: number) => {
      const path = join(folder, name);
      writeFileSync(path, wavFile({ format: 1, bits: 16, data: new Uint8Array(2 * samples) }));
      return path;
    };
    const told = (input: string) =>
      run(
        Effect.match(predicted(file, { input }), { onFailure: formatError, onSuccess: (t) => t }),
      );
    // Silence is 0, of which a logarithm is -∞: no class is possible.
    expect(await told(wav("short.wav", 100))).toContain("-∞");
    expect(await told(wav("long.wav", 1000))).toContain("less than 0.064 s: cut it into parts");
    // A file of zeros after its header, which says how many there are.
    const endless = wav("endless.wav", 0);
    const header = Buffer.from(readFileSync(endless));
    const bytes = 2 * (2 ** 24 + 1);
    header.writeUInt32LE(bytes, header.length - 4);
    writeFileSync(endless, header);
    truncateSync(endless, header.length + bytes);
    expect(await told(endless)).toContain("at most 16777216 samples: cut it into parts");
    expect(await told(wav("empty.wav", 0))).toContain("one or more");
    writeFileSync(join(folder, "x.txt"), "yes\n");
    expect(await told(join(folder, "x.txt"))).toContain("sound (sound)");
  });

  it("is refused where the output has not as many classes as there are tokens", async () => {
    const two = transcription({ vocabulary: vocabularyOf(["<blank>", "yes"]) });
    const refusal = await predictor(listener(two), state)
      .answer({ sound: zeros([4, 3]) as never })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      _tag: "InvalidArgument",
      expected: expect.stringContaining("2]"),
    });
    expect(await run(Effect.flip(modelOf(listener(two), state)))).toMatchObject({
      _tag: "InvalidPipeline",
      field: "transcription",
    });
  });
});

it("a transcription needs a token besides the blank, in a file too", () => {
  expect(() => transcription({ vocabulary: vocabularyOf(["<blank>"]) })).toThrow(
    "at least one token",
  );
  expect(isRight(transcriptionCodec.decode({ tokens: ["a"], separator: "", width: 1 }))).toBe(
    false,
  );
  expect(isRight(transcriptionCodec.decode({ tokens: ["a", "b"], separator: "", width: 0 }))).toBe(
    false,
  );
});
