import * as Effect from "effect/Effect";
import { InvalidArgument, NonFiniteLogits } from "../../errors.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { finite, whole, wholeTo } from "../../tensor/validate.ts";

/** Decoding the outputs of a network that was trained by the CTC loss: labels without repeats and blanks. */

/** Options of {@link ctcGreedySearch}. */
export interface CtcSearch {
  /** The blank class, which stands for no label. Defaults to 0. */
  readonly blank?: number;
  /** The number of real time steps of each example; the others are not read. Defaults to all. */
  readonly lengths?: readonly number[];
}

/** Options of {@link ctcBeamSearch}. */
export interface CtcBeam extends CtcSearch {
  /** The beam width: how many label sequences are kept at each time step. */
  readonly width: number;
  /** Added to the score for each label, against too few of them. Defaults to 0. */
  readonly bonus?: number;
  /**
   * A language model: what to add to the score where `label` follows `labels`, such as the logarithm of a probability times
   * a weight. -∞ excludes the label there. Defaults to 0.
   */
  readonly languageModel?: (labels: readonly number[], label: number) => number;
}

/** A sequence of labels that a search found. */
export interface Transcript {
  readonly labels: readonly number[];
  /** The log-probability in nats: of the best path in greedy search, of all paths that a beam saw in beam search. */
  readonly logProbability: number;
  /** The ranking score: the log-probability, and what the language model and the bonus add. */
  readonly score: number;
}

/** An example as the log-probabilities of each real time step. */
type Steps = readonly (readonly number[])[];

const never = Number.NEGATIVE_INFINITY;

/** `ln(eᵃ + eᵇ)`. */
const either = (a: number, b: number): number => {
  const [most, least] = a > b ? [a, b] : [b, a];
  return most === never ? never : most + Math.log1p(Math.exp(least - most));
};

/** The log-probabilities of logits, or the logit that prevents a distribution. */
const normalized = (logits: readonly number[]): readonly number[] | number => {
  const strange = logits.find((x) => !(x < Number.POSITIVE_INFINITY));
  if (strange !== undefined) return strange;
  const most = greatestOf(logits);
  if (most === never) return never;
  const norm = Math.log(logits.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return logits.map((x) => x - most - norm);
};

/** The examples of a batch. **Fails with** `InvalidArgument`, thrown, and `NonFiniteLogits`. */
const examplesOf = (
  op: string,
  logits: Tensor,
  { blank = 0, lengths }: CtcSearch,
): Effect.Effect<readonly Steps[], NonFiniteLogits> => {
  const refuse = (argument: string, expected: string, actual: string): never => {
    throw new InvalidArgument({ op, argument, expected, actual });
  };
  const [batch = 0, time = 0, classes = 0] = logits.shape;
  if (logits.shape.length !== 3)
    refuse("logits", "a tensor [batch, time, classes]", showShape(logits.shape));
  wholeTo(0, classes - 1)(op, { blank });
  const real = lengths ?? Array.from({ length: batch }, () => time);
  if (real.length !== batch)
    refuse("lengths", `one length for each of ${batch} examples`, `${real.length} lengths`);
  real.forEach((length, i) => {
    wholeTo(0, time)(op, { [`lengths[${i}]`]: length });
  });
  const numbers = Tensor.read(logits);
  const at = (example: number, t: number): readonly number[] =>
    Array.from({ length: classes }, (_, c) => Number(numbers[(example * time + t) * classes + c]));
  return Effect.suspend(() => {
    const examples: Steps[] = [];
    for (const [example, length] of real.entries()) {
      const steps: (readonly number[])[] = [];
      for (let t = 0; t < length; t++) {
        const step = normalized(at(example, t));
        if (typeof step === "number") {
          const path = [op, `example ${example}`];
          const where = { position: t, path, of: "time step" } as const;
          return Effect.fail(new NonFiniteLogits({ value: step, ...where }));
        }
        steps.push(step);
      }
      examples.push(steps);
    }
    return Effect.succeed(examples);
  });
};

/**
 * Greedy (best path) decoding of CTC: the most likely class of each time step, the first of equal ones, without repeats and
 * then without blanks. The labels of the best path are not always the most likely labels: see {@link ctcBeamSearch}.
 *
 * **Shapes** `logits: [batch, time, classes]`, logits or log-probabilities; one result for each example.
 * **Fails with** `NonFiniteLogits`, with the example and the time step, where logits are NaN or ∞, or all are -∞;
 * `InvalidArgument`, thrown, where logits have other axes, `blank` is not a class, or a length is out of range.
 * **Source** Graves et al. (2006), "Connectionist Temporal Classification", section 3.2.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { tensor } from "fluxion";
 * import { ctcGreedySearch } from "fluxion/generate";
 * // Four time steps of a blank and two labels: 2, 2, blank, 2.
 * const logits = tensor([[[0, 0, 9], [0, 0, 9], [9, 0, 0], [0, 0, 9]]]);
 * Effect.runSync(ctcGreedySearch(logits)).map(({ labels }) => labels) // => [[2, 2]]
 * ```
 */
export const ctcGreedySearch = (
  logits: Tensor,
  options: CtcSearch = {},
): Effect.Effect<readonly Transcript[], NonFiniteLogits> => {
  const { blank = 0 } = options;
  const examples = examplesOf("ctcGreedySearch", logits, options);
  return Effect.map(examples, (all) => all.map((steps) => bestPath(steps, blank)));
};

const bestPath = (steps: Steps, blank: number): Transcript => {
  const path = steps.map((step) => step.indexOf(greatestOf(step)));
  const labels = path.filter((label, t) => label !== blank && label !== path[t - 1]);
  const logProbability = path.reduce((sum, label, t) => sum + (steps[t]?.[label] as number), 0);
  return { labels, logProbability, score: logProbability };
};

/** A prefix of labels: the log-probabilities of its paths that end with a blank, and of those that end with a label. */
interface Prefix {
  readonly labels: readonly number[];
  readonly blank: number;
  readonly label: number;
  /** What the language model and the bonus have added. */
  readonly added: number;
}

const total = ({ blank, label }: Prefix): number => either(blank, label);
const score = (prefix: Prefix): number => total(prefix) + prefix.added;

/**
 * Prefix beam search for CTC: the most likely label sequences that it finds, best first. All paths that give the same
 * labels count together. A width as large as the number of prefixes is exhaustive.
 *
 * **Shapes** `logits: [batch, time, classes]`, logits or log-probabilities; for each example at most `width` results.
 * **Math** the score of labels `l` is `ln Σ ∏ₜ p(πₜ) + Σᵢ languageModel(l₁…lᵢ₋₁, lᵢ) + bonus · |l|` over their paths π.
 * Labels of probability 0 are not among the results; of equal scores the earlier found comes first.
 * **Fails with** `NonFiniteLogits` as {@link ctcGreedySearch}; `InvalidArgument`, thrown, also where the width is not a
 * positive whole number or the bonus not finite, and as a failure where the language model gives NaN or ∞.
 * **Source** Graves, "Supervised Sequence Labelling with Recurrent Neural Networks" (2012), section 7.5.3; Hannun et al.
 * (2014), arXiv:1408.2873, algorithm 1.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { tensor } from "fluxion";
 * import { ctcBeamSearch } from "fluxion/generate";
 * // Two time steps of a blank and a label: the best path is blank, blank, of 0.36, but 0.64 of all say the label.
 * const step = [Math.log(0.6), Math.log(0.4)];
 * const [[best] = []] = Effect.runSync(ctcBeamSearch(tensor([[step, step]]), { width: 2 }));
 * best?.labels // => [1]
 * Math.exp(best?.logProbability ?? 0).toFixed(2) // => "0.64"
 * ```
 */
export const ctcBeamSearch = (
  logits: Tensor,
  options: CtcBeam,
): Effect.Effect<readonly (readonly Transcript[])[], NonFiniteLogits | InvalidArgument> => {
  const { width, bonus = 0 } = options;
  whole(1)("ctcBeamSearch", { width });
  finite("ctcBeamSearch", { bonus });
  const examples = examplesOf("ctcBeamSearch", logits, options);
  return Effect.flatMap(examples, (all) =>
    Effect.try({
      try: () => all.map((steps) => prefixSearch(steps, options)),
      // What else a language model throws is its own defect.
      catch: (error) => {
        if (error instanceof InvalidArgument) return error;
        throw error;
      },
    }),
  );
};

const prefixSearch = (steps: Steps, options: CtcBeam): readonly Transcript[] => {
  const { width, blank = 0, bonus = 0, languageModel = () => 0 } = options;
  const said = (labels: readonly number[], label: number): number => {
    const value = languageModel(labels, label);
    if (value < Number.POSITIVE_INFINITY) return value;
    throw new InvalidArgument({
      op: "ctcBeamSearch",
      argument: `languageModel([${labels.join(", ")}], ${label})`,
      expected: "a number, or -∞",
      actual: String(value),
    });
  };
  let beam: readonly Prefix[] = [{ labels: [], blank: 0, label: never, added: 0 }];
  for (const step of steps) {
    const next = new Map<string, Prefix>();
    const arrive = (made: Prefix): void => {
      const name = made.labels.join();
      const old = next.get(name);
      const joined = old && {
        blank: either(old.blank, made.blank),
        label: either(old.label, made.label),
      };
      next.set(name, { ...made, ...joined });
    };
    for (const prefix of beam) {
      const { labels, added } = prefix;
      const last = labels.at(-1);
      const sofar = total(prefix);
      for (const [label, p] of step.entries()) {
        if (p === never) continue;
        if (label === blank) {
          arrive({ labels, added, blank: sofar + p, label: never });
          continue;
        }
        // A label after itself repeats it, unless a blank was between.
        if (label === last) arrive({ labels, added, blank: never, label: prefix.label + p });
        const from = label === last ? prefix.blank : sofar;
        if (from === never) continue;
        const more = added + bonus + said(labels, label);
        if (more !== never)
          arrive({ labels: [...labels, label], added: more, blank: never, label: from + p });
      }
    }
    beam = [...next.values()]
      .filter((prefix) => total(prefix) > never)
      .sort((a, b) => score(b) - score(a))
      .slice(0, width);
  }
  return beam.map((prefix) => ({
    labels: prefix.labels,
    logProbability: total(prefix),
    score: score(prefix),
  }));
};
