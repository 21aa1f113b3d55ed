import type { Baseline, Dataset, Row } from "../../../src/index.ts";
import { nearestOf, type Steps, soundIn } from "../../data/speech/timeWarping.ts";
import { ratesOf, type Spelling, textOf } from "../../data/speech/transcripts.ts";

/** The least numbers of steps of a segment, and of quiet between two. */
const [shortest, quiet] = [5, 2];

/** The parts of a sound that are louder than between its softest and its loudest steps, at a share of the way. */
export const segments = ({ numbers, width, steps }: Steps, share: number): readonly Steps[] => {
  const loudness = Array.from({ length: steps }, (_, t) => {
    let sum = 0;
    for (let m = 0; m < width; m++) sum += numbers[t * width + m] as number;
    return sum / width;
  });
  const sorted = loudness.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.floor(q * (steps - 1))] ?? 0;
  const threshold = at(0.05) + share * (at(0.95) - at(0.05));
  const found: { from: number; to: number }[] = [];
  for (const [t, level] of loudness.entries()) {
    if (level <= threshold) continue;
    const last = found.at(-1);
    if (last !== undefined && t - last.to <= quiet) last.to = t + 1;
    else found.push({ from: t, to: t + 1 });
  }
  return found
    .filter(({ from, to }) => to - from >= shortest)
    .map(({ from, to }) => ({
      steps: to - from,
      width,
      numbers: Float32Array.from({ length: (to - from) * width }, (_, i) =>
        Number(numbers[from * width + i]),
      ),
    }));
};

/** The sounds of rows, and their labels. */
const soundsOf = (rows: Dataset<Row>): readonly (readonly [Steps, readonly number[]])[] => {
  const [sound, text] = [rows.column("sound"), rows.column("text")];
  const [, time = 0, width = 0] = sound.shape;
  const [, length = 0] = text.shape;
  const [all, labels] = [sound.toTypedArray(), text.toTypedArray()];
  return Array.from({ length: rows.size }, (_, i) => [
    soundIn(all.subarray(i * time * width, (i + 1) * time * width), width),
    [...labels.subarray(i * length, (i + 1) * length)].filter((label) => label > 0),
  ]);
};

/**
 * Cuts a sound where it is soft, and says of each part what the nearest part of training sounds is, under dynamic time warping.
 * Training sounds teach it where they have as many parts as words: the first `most` such parts. Where to cut is chosen by how
 * many training sounds fall into as many parts as words.
 */
export const nearestSegments = (spelling: Spelling, most: number): Baseline => ({
  name: "nearest segments, under time warping",
  evaluate: ({ train, test = train }) => {
    const learned = soundsOf(train).slice(0, most);
    const right = (share: number) =>
      learned.filter(([sound, labels]) => segments(sound, share).length === labels.length);
    const [[share] = [0.5]] = [0.2, 0.3, 0.4, 0.5, 0.6]
      .map((share) => [share, right(share).length] as const)
      .toSorted(([, a], [, b]) => b - a);
    const known = right(share)
      .flatMap(([sound, labels]) =>
        segments(sound, share).map((part, i) => [part, labels[i] ?? 0] as const),
      )
      .slice(0, most);
    const parts = known.map(([part]) => part);
    return ratesOf(
      soundsOf(test).map(([sound, labels]) => [
        textOf(
          spelling,
          segments(sound, share).map((part) => known[nearestOf(parts, part)]?.[1] ?? 0),
        ),
        textOf(spelling, labels),
      ]),
    );
  },
});

/** Says of a sound what was said in the nearest training sound, under dynamic time warping. */
export const nearestWhole = (spelling: Spelling): Baseline => ({
  name: "text of the nearest clip, under time warping",
  evaluate: ({ train, test = train }) => {
    const known = soundsOf(train);
    const sounds = known.map(([sound]) => sound);
    return ratesOf(
      soundsOf(test).map(([sound, labels]) => [
        textOf(spelling, known[nearestOf(sounds, sound)]?.[1] ?? []),
        textOf(spelling, labels),
      ]),
    );
  },
});
