import * as Effect from "effect/Effect";
import { encodeWav } from "../../data/sound/encodeWav.ts";
import { type Sound, secondsOf } from "../../data/sound/wav.ts";
import { InvalidFlag } from "../../errors.ts";
import { replaceFile, writeAll } from "../../io/replaceFile.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { oneLine } from "../../terminal.ts";
import type { Answer } from "../../train/predict/answers.ts";

/** The seconds of silence after each sound but the last. */
const pause = 0.3;

/** Sounds of one channel one after another, with silence between them. */
const oneAfterAnother = (sounds: readonly Sound[]): Sound => {
  const [sampleRate, silent] = [sounds[0]?.sampleRate ?? 1, sounds.length - 1];
  const gap = Math.round(pause * sampleRate);
  const samples = new Float32Array(sounds.reduce((n, of) => n + of.samples.size, silent * gap));
  let at = 0;
  for (const of of sounds) {
    samples.set(Tensor.read(of.samples), at);
    at += of.samples.size + gap;
  }
  return { samples: Tensor.own([1, samples.length], "f32", samples), sampleRate };
};

/**
 * Writes what is said to a WAV file of 16 bits, one answer after another. Returns the text to print.
 *
 * **Fails with** `InvalidFlag` where the file has another ending; `FileNotWritten`.
 */
export const spokenTo = Effect.fnUntraced(function* (
  name: string,
  answers: readonly Answer[],
  output: string,
) {
  if (!/\.wav$/i.test(output))
    return yield* new InvalidFlag({
      flag: "--output",
      value: output,
      expected: "a file that ends in .wav; without it, answers are told by their length",
    });
  const sound = oneAfterAnother(
    answers.flatMap((answer) => ("sound" in answer ? [answer.sound] : [])),
  );
  yield* replaceFile(output, (file) => writeAll(file, encodeWav(sound), 0));
  return `${oneLine(name)}: ${secondsOf(sound).toFixed(2)} s at ${sound.sampleRate} Hz in ${oneLine(output)}`;
});
