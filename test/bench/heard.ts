import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { joinedUnits, unitsIn } from "../../pipelines/baselines/speech/nearestUnits.ts";
import { correlation, loudness, middle, pitches } from "../../pipelines/data/speech/listening.ts";
import { speakers } from "../../pipelines/data/speech/spokenDigits.ts";
import { ratesOf } from "../../pipelines/data/speech/transcripts.ts";
import {
  asDigit,
  asPrompt,
  characters,
  digitUtterances,
  promptUtterances,
  spokenRows,
  type Utterance,
} from "../../pipelines/data/speech/utterances.ts";
import { type FromSound, type Sound, toSound } from "../../src/data/index.ts";
import { fromTypedArray, loadModel, predictor } from "../../src/index.ts";

/**
 * Listens to what the pipelines `speak` and `speak-digits` say of their test texts, by measurement: how many words or characters a
 * recognizer gets wrong, which was trained by `transcribe-prompts` or `spoken-digits` on recordings alone, how far the pitch is
 * from that of the recording, and how the loudness follows it. Beside it, by the same measures: the recordings, the recordings
 * after they were made a spectrogram and sound again, and the longest parts of known recordings.
 *
 * Run with `node test/bench/heard.ts digits|prompts SPEAKER.safetensors LISTENER.safetensors`, of models that
 * `npx fluxion export` wrote.
 */
const [what, speaking = "", listening = ""] = process.argv.slice(2);
const isDigits = what === "digits";
const from: FromSound = isDigits ? asDigit : asPrompt;

const say = predictor(await Effect.runPromise(loadModel(speaking)));
const listen = predictor(await Effect.runPromise(loadModel(listening)));

const all: readonly Utterance[] = await (isDigits
  ? Effect.runPromise(digitUtterances)
  : Effect.runPromise(promptUtterances));
const known = unitsIn(spokenRows(all, from, isDigits ? 5 : 64).train);
const test = all.filter(({ part }) => part === "test");

/** The numbers of characters. */
const spelled = (text: string): readonly number[] => {
  const numbers = characters.encode([...text]);
  if (isLeft(numbers)) throw numbers.left;
  return numbers.right;
};

const made = async ({ text, speaker }: Utterance): Promise<Sound> => {
  const answer = await say.answer(isDigits ? { text, speaker: speakers[speaker] ?? "" } : { text });
  if (!("sound" in answer)) throw new Error("the first model says nothing");
  return answer.sound;
};

const joined = ({ text, speaker }: Utterance): Sound => {
  const { steps, width, numbers } = joinedUnits(known, speaker, spelled(text));
  // What is longer than a listener hears is cut.
  const heard = Math.min(steps, from.frames);
  const column = Float32Array.from(numbers).subarray(0, heard * width);
  return toSound(from, fromTypedArray([heard, width], column));
};

const heard = async (sound: Sound): Promise<string> => {
  const answer = await listen.answer({ sound });
  if ("class" in answer) return answer.class;
  return "text" in answer ? answer.text : "";
};

/** The same text by the same speaker is said once, and compared with each recording. */
const once = (of: (one: Utterance) => Promise<Sound> | Sound) => {
  const said = new Map<string, Promise<Sound>>();
  return (one: Utterance): Promise<Sound> => {
    const name = `${one.speaker} ${one.text}`;
    const sound = said.get(name) ?? Promise.resolve(of(one));
    said.set(name, sound);
    return sound;
  };
};

/** The recordings as sound of their spectrograms. */
const again = new Map(test.map((one) => [one, toSound(from, one.sound)] as const));

const kinds: { readonly [name: string]: (one: Utterance) => Promise<Sound> | Sound } = {
  recorded: ({ recorded }) => recorded,
  "recorded, through a spectrogram": (one) => again.get(one) ?? one.recorded,
  "known parts": once(joined),
  made: once(made),
};

for (const [name, of] of Object.entries(kinds)) {
  const pairs: (readonly [string, string])[] = [];
  const [semitones, follows, longer]: number[][] = [[], [], []];
  for (const one of test) {
    const sound = await of(one);
    pairs.push([await heard(sound), one.text]);
    const real = again.get(one) ?? one.recorded;
    const [own, meant] = [middle(pitches(sound)), middle(pitches(one.recorded))];
    if (own > 0 && meant > 0) semitones?.push(Math.abs(12 * Math.log2(own / meant)));
    follows?.push(correlation(loudness(sound, 32), loudness(real, 32)));
    longer?.push(sound.samples.size / one.recorded.samples.size);
  }
  const { cer, wer } = ratesOf(pairs);
  const mean = (numbers: readonly number[] = []) =>
    numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  console.log(
    `${name}: wer ${wer.toFixed(4)}, cer ${cer.toFixed(4)}; pitch off by ${middle(semitones ?? []).toFixed(2)} semitones (median of the ${semitones?.length} of ${test.length} with a pitch), loudness correlated ${mean(follows).toFixed(3)}, as long ${mean(longer).toFixed(3)} times`,
  );
  if (!isDigits) for (const [a, b] of pairs.slice(0, 4)) console.log(`  ${b}: heard as ${a}`);
}
await Promise.all([say.release(), listen.release()]);
