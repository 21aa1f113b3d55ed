import type { FromSound } from "../../../src/data/index.ts";
import type { Baseline, Dataset, Row } from "../../../src/index.ts";
import { scorePairs } from "../../../src/nn/metrics/index.ts";
import { melDistance } from "../../data/speech/melDistance.ts";
import { type Steps, soundIn } from "../../data/speech/timeWarping.ts";

/** A recording whose parts are known: the characters of its text, by number, and where each begins, and the end. */
export interface Unit {
  readonly speaker: number;
  readonly text: readonly number[];
  readonly from: readonly number[];
  readonly sound: Steps;
}

/** The recordings of rows. */
export const unitsIn = (rows: Dataset<Row>): readonly Unit[] => {
  const [text, durations, speaker, sound] = ["text", "durations", "speaker", "sound"].map((name) =>
    rows.column(name),
  );
  const [, length = 0] = text?.shape ?? [];
  const [, frames = 0, width = 0] = sound?.shape ?? [];
  const [texts, lasting, speakers, sounds] = [text, durations, speaker, sound].map(
    (column) => column?.toTypedArray() ?? new Float32Array(),
  );
  const of = (all: typeof texts, i: number, size: number) =>
    all?.slice(i * size, (i + 1) * size) ?? [];
  return Array.from({ length: rows.size }, (_, i) => {
    const characters = [...of(texts, i, length)].filter((one) => one > 0);
    const from = [0];
    for (const steps of of(lasting, i, length).slice(0, characters.length))
      from.push((from.at(-1) ?? 0) + steps);
    return {
      speaker: of(speakers, i, 1)[0] ?? 0,
      text: characters,
      from,
      sound: soundIn(of(sounds, i, frames * width), width),
    };
  });
};

/** How many characters of two texts are the same from these places on. */
const common = (a: readonly number[], i: number, b: readonly number[], j: number): number => {
  let n = 0;
  while (i + n < a.length && a[i + n] === b[j + n]) n++;
  return n;
};

/** A part of a recording. */
interface Part {
  readonly unit: Unit;
  readonly at: number;
  readonly length: number;
}

const stepsOf = ({ unit, at, length }: Part): number =>
  (unit.from[at + length] ?? 0) - (unit.from[at] ?? 0);

/** The longest part of known recordings that a text goes on with; of several, that of the median duration. */
const longest = (known: readonly Unit[], text: readonly number[], at: number): Part | undefined => {
  let best: Part[] = [];
  for (const unit of known)
    for (let j = 0; j < unit.text.length; j++) {
      const length = common(text, at, unit.text, j);
      if (length === 0 || length < (best[0]?.length ?? 1)) continue;
      if (length > (best[0]?.length ?? 0)) best = [];
      best.push({ unit, at: j, length });
    }
  const sorted = best.toSorted((a, b) => stepsOf(a) - stepsOf(b));
  return sorted[Math.floor(sorted.length / 2)];
};

/** What a text sounds like that is put together of the longest parts of known recordings of a speaker. */
export const joinedUnits = (
  known: readonly Unit[],
  speaker: number,
  text: readonly number[],
): Steps => {
  const own = known.filter((unit) => unit.speaker === speaker);
  const width = own[0]?.sound.width ?? 1;
  const numbers: number[] = [];
  for (let at = 0; at < text.length; ) {
    const part = longest(own, text, at);
    if (part !== undefined) {
      const { unit, at: first, length } = part;
      const [begin, end] = [unit.from[first] ?? 0, unit.from[first + length] ?? 0];
      for (let i = begin * width; i < end * width; i++) numbers.push(unit.sound.numbers[i] ?? 0);
    }
    at += part?.length ?? 1;
  }
  // What nobody knows to say is a step of silence.
  const steps = Math.max(1, numbers.length / width);
  return {
    steps,
    width,
    numbers: Float32Array.from({ length: steps * width }, (_, i) => numbers[i] ?? 0),
  };
};

/**
 * Says a text with the longest parts of training recordings of the speaker, one after another, which were cut by the durations of
 * their characters: how machines spoke before they learned to.
 *
 * **Source** Hunt and Black, "Unit selection in a concatenative speech synthesis system" (1996), without its costs.
 */
export const nearestUnits = (
  from: FromSound,
  name = "the longest parts of known recordings",
): Baseline => ({
  name,
  evaluate: ({ train, test = train }) => {
    const known = unitsIn(train);
    const pairs = unitsIn(test).map(
      ({ speaker, text, sound }) => [joinedUnits(known, speaker, text), sound] as const,
    );
    const metric = melDistance(from);
    return { [metric.name]: scorePairs(metric, pairs) };
  },
});
