import * as fc from "fast-check";
import type * as detections from "../../../src/nn/metrics/detection.ts";
import {
  type Box,
  type Detection,
  meanAveragePrecision,
} from "../../../src/nn/metrics/detection.ts";
import type * as segmentations from "../../../src/nn/metrics/segmentation.ts";
import { randError } from "../../../src/nn/metrics/segmentation.ts";
import type * as texts from "../../../src/nn/metrics/text.ts";
import {
  bleu,
  characterErrorRate,
  chrF,
  rouge,
  rougeL,
  wordErrorRate,
} from "../../../src/nn/metrics/text.ts";
import { record } from "../../domain.ts";
import { type PairMetricSubject, pairMetricSubject } from "../../networks/pairMetrics.ts";

const words = (text: string): readonly string[] => text.split(" ");

const sentence = fc.array(fc.constantFrom("the", "cat", "sat", "on", "mat"), { maxLength: 9 });
const long = fc.array(fc.constantFrom("the", "cat", "sat", "on", "mat"), {
  minLength: 4,
  maxLength: 9,
});
const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "é", "😀"), maxLength: 12 });

const fraction = { range: [0, 1] } as const;
const errors = { range: [0, Number.POSITIVE_INFINITY] } as const;
const same = <A>(reference: A): A => reference;
const tokens = { pairs: fc.tuple(sentence, sentence), perfect: same };

const corner = fc.nat(4);
const boxes = fc
  .array(
    record({
      x: corner,
      y: corner,
      w: fc.integer({ min: 1, max: 4 }),
      h: fc.integer({ min: 1, max: 4 }),
      c: fc.nat(1),
    }),
    { maxLength: 4 },
  )
  .map((all) =>
    all.map(
      ({ x, y, w, h, c }): Box => ({ left: x, top: y, right: x + w, bottom: y + h, class: c }),
    ),
  );
const scored = (all: readonly Box[]): readonly Detection[] =>
  all.map((box, i) => ({ ...box, score: (i % 3) / 4 }));
const sixPixels = fc.array(fc.nat(3), { minLength: 6, maxLength: 6 });
const unit: Box = { left: 0, top: 0, right: 10, bottom: 10, class: 0 };
const beside = (by: number): Box => ({ ...unit, left: by, right: by + 10 });

/** Papineni et al. (2002), section 2.1: a prediction of seven times "the" finds two of them. */
const theThe = words("the the the the the the the");
const aCat = words("the cat is on the mat");
const another = words("there is a cat on the mat");

/** Every metric over pairs. A missing one does not compile. */
const settings: {
  readonly [Name in keyof Omit<
    typeof texts & typeof detections & typeof segmentations,
    "boxOverlap" | "connectedRegions"
  >]: PairMetricSubject;
} = {
  bleu: pairMetricSubject(bleu(), {
    ...fraction,
    pairs: fc.tuple(sentence, fc.array(long, { minLength: 1, maxLength: 3 })),
    perfect: ([first = []]) => first,
    known: [
      // By hand: 5/6, 3/5, 1/4 and 0 of the runs of 1 to 4.
      [
        [[words("the cat sat on a mat"), [words("the cat sat on the mat")]]],
        ((5 / 6) * (3 / 5) * (2 / 4) * (1 / 3)) ** (1 / 4),
      ],
      [[[theThe, [aCat, another]]], 0],
      // nltk 3.8, corpus_bleu, of two predictions, the first with two references.
      [
        [
          [
            words(
              "it is a guide to action which ensures that the military always obeys the commands of the party",
            ),
            [
              words(
                "it is a guide to action that ensures that the military will forever heed party commands",
              ),
              words(
                "it is the guiding principle which guarantees the military forces always being under the command of the party",
              ),
            ],
          ],
          [
            words("he read the book because he was interested in world history"),
            [words("he was interested in world history because he read the book")],
          ],
        ],
        0.5920778868801042,
      ],
      [[], Number.NaN],
    ],
  }),
  chrF: pairMetricSubject(chrF(), {
    ...fraction,
    pairs: fc.tuple(text, text),
    perfect: same,
    known: [
      // Precisions 3/4, 2/3, 1/2, 0; recalls 3/3, 2/2, 1/1 of runs of 1 to 3: the reference has no run of 4.
      [
        [["abc d", "abc"]],
        (5 * ((3 / 4 + 2 / 3 + 1 / 2) / 3) * 1) / (4 * ((3 / 4 + 2 / 3 + 1 / 2) / 3) + 1),
      ],
      [[["", "abc"]], 0],
    ],
  }),
  rouge: pairMetricSubject(rouge(2), {
    ...tokens,
    ...fraction,
    // Lin (2004), section 3: two summaries of one reference; they share one pair of words with it each.
    known: [
      [[[words("police kill the gunman"), words("police killed the gunman")]], 1 / 3],
      [[[words("the gunman kill police"), words("police killed the gunman")]], 1 / 3],
      [
        [
          [["a"], []],
          [["a"], ["b"]],
        ],
        1,
      ],
    ],
  }),
  rougeL: pairMetricSubject(rougeL, {
    ...tokens,
    ...fraction,
    // Lin (2004), section 3.1: 0.75 and 0.5.
    known: [
      [[[words("police kill the gunman"), words("police killed the gunman")]], 3 / 4],
      [[[words("the gunman kill police"), words("police killed the gunman")]], 2 / 4],
    ],
  }),
  wordErrorRate: pairMetricSubject(wordErrorRate, {
    ...tokens,
    ...errors,
    // A substitution, a deletion and two insertions, for 7 words.
    known: [
      [
        [
          [words("the cat sat"), words("a cat sat down")],
          [words("so it is as it was"), words("it is as")],
        ],
        (1 + 1 + 3) / 7,
      ],
    ],
  }),
  characterErrorRate: pairMetricSubject(characterErrorRate, {
    ...errors,
    pairs: fc.tuple(text, text),
    perfect: same,
    known: [
      [[["sitting", "kitten"]], 3 / 6],
      [[["😀", "é"]], 1],
    ],
  }),
  meanAveragePrecision: pairMetricSubject(meanAveragePrecision({ classes: 2 }), {
    ...fraction,
    pairs: fc.tuple(boxes.map(scored), boxes),
    perfect: scored,
    known: [
      // The boxes overlap by 2/3: a hit at 0.5, 0.55, 0.6 and 0.65.
      [[[[{ ...beside(2), score: 1 }], [unit]]], 4 / 10],
      // A hit, a miss and a hit on two boxes: 51 recalls up to 0.5 at precision 1, 50 at 2/3.
      [
        [
          [
            [
              { ...unit, score: 0.9 },
              { ...beside(100), score: 0.8 },
              { ...beside(50), score: 0.7 },
            ],
            [unit, beside(50)],
          ],
        ],
        (51 + 50 * (2 / 3)) / 101,
      ],
      // A second detection of the same box is a miss; a class without boxes does not count.
      [
        [
          [
            [
              { ...unit, score: 1 },
              { ...unit, score: 2 },
              { ...unit, class: 1, score: 3 },
            ],
            [unit],
          ],
        ],
        1,
      ],
      [[[[{ ...unit, score: Number.NaN }], [unit]]], 0],
    ],
  }),
  randError: pairMetricSubject(randError, {
    ...fraction,
    pairs: fc.tuple(sixPixels, sixPixels),
    perfect: same,
    known: [
      // True regions of 3 and 1 pixels. Found: 2 of the first with the other one, and a border, which is alone.
      // p² = 2² + 1² + 1, a² = 3² + 1², b² = 3² + 1.
      [
        [
          [
            [1, 1, 0, 1, 0, 1],
            [1, 1, 1, 2, 0, 0],
          ],
        ],
        1 - (2 * 6) / 20,
      ],
      // The mean over images; one without true regions does not count.
      [
        [
          [
            [1, 1, 1, 1],
            [7, 7, 7, 7],
          ],
          [
            [1, 1, 2, 2],
            [1, 1, 1, 1],
          ],
          [
            [1, 1],
            [0, 0],
          ],
        ],
        (0 + (1 - (2 * 8) / 24)) / 2,
      ],
      // Overlaps of 3, 1, 2 and 2 pixels; regions of 4 and 4, and of 3, 3 and 2.
      [
        [
          [
            [1, 1, 1, 2, 2, 2, 3, 3],
            [1, 1, 1, 1, 2, 2, 2, 2],
          ],
        ],
        1 - (2 * 18) / (32 + 22),
      ],
    ],
  }),
};

export const pairMetricCases: readonly PairMetricSubject[] = Object.values(settings);
