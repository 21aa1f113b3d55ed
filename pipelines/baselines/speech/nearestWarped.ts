import type { Baseline, Dataset, Row } from "../../../src/index.ts";
import { nearestOf, type Steps, soundIn } from "../../data/speech/timeWarping.ts";

/** The sounds of rows, and their labels. */
const soundsOf = (rows: Dataset<Row>): readonly (readonly [Steps, number])[] => {
  const sound = rows.column("sound");
  const labels = rows.column("label").toTypedArray();
  const [, time = 0, width = 0] = sound.shape;
  const all = sound.toTypedArray();
  return Array.from(labels, (label, i) => [
    soundIn(all.subarray(i * time * width, (i + 1) * time * width), width),
    label,
  ]);
};

/**
 * Says of a sound what the nearest of every `every`-th training sound is, under dynamic time warping of their spectrograms, as
 * word recognizers did before there were networks.
 */
export const nearestWarped = (every: number): Baseline => ({
  name: `nearest of one in ${every} examples, under time warping`,
  evaluate: ({ train, test = train }) => {
    const known = soundsOf(train).filter((_, i) => i % every === 0);
    const sounds = known.map(([sound]) => sound);
    const asked = soundsOf(test);
    const right = asked.filter(([sound, label]) => known[nearestOf(sounds, sound)]?.[1] === label);
    return { accuracy: right.length / asked.length };
  },
});
