import { join } from "node:path";
import * as Effect from "effect/Effect";
import { readText, sampled, vocabularyOf, weighted } from "../../../src/data/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";
import { passagesOf } from "./passages.ts";

const commit = "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e";

/** The file of tiny Shakespeare. */
export const shakespeareFiles = dataFiles({
  name: "tiny-shakespeare",
  license: "the text is in the public domain",
  origin: "https://github.com/karpathy/char-rnn",
  files: [
    {
      path: "input.txt",
      address: `https://raw.githubusercontent.com/karpathy/char-rnn/${commit}/data/tinyshakespeare/input.txt`,
      bytes: 1_115_394,
      sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    },
  ],
  packed: { file: "tiny-shakespeare.txt.gz", as: "gz" },
});

/** The vocabulary of the 65 characters of the text. */
export const characters = vocabularyOf([
  ..."\n !$&',-.3:;?",
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ..."abcdefghijklmnopqrstuvwxyz",
]);

/**
 * A text in passages; an epoch is `rows` passages of the training part that are drawn without repetition.
 */
export const playsOf = (text: string, length: number, rows: number) =>
  Effect.map(passagesOf(text, characters, length), ({ train, ...rest }) => ({
    train: sampled(
      train,
      weighted(new Float64Array(train.size).fill(1), { rows, replacement: false }),
    ),
    ...rest,
  }));

/**
 * 40,000 lines of Shakespeare's plays, cut into passages: the first nine tenths for training, and the end for testing, as
 * in nanoGPT.
 *
 * **Source** Karpathy, char-rnn (2015), `data/tinyshakespeare`.
 */
export const shakespeare = (length: number, rows: number) =>
  Effect.gen(function* () {
    const folder = yield* dataFolder(shakespeareFiles);
    return yield* playsOf(yield* readText(join(folder, "input.txt")), length, rows);
  });
