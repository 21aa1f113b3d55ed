import * as E from "fp-ts/lib/Either.js";
import type { FromSound } from "../../data/raw/raw.ts";
import { toSound } from "../../data/sound/toSound.ts";
import type { Sound } from "../../data/sound/wav.ts";
import { rowAt } from "../../errors/words.ts";
import { InvalidArgument } from "../../errors.ts";
import type { Game } from "../../learn/learner.ts";
import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Meaning } from "./rows.ts";

/** The answer of a classifier: the most probable class, and the probability of each. */
export interface Classified {
  readonly class: string;
  readonly probability: number;
  readonly probabilities: { readonly [name: string]: number };
}

/** The answer of a model that generates sequences and has a `generation`, or hears them and has a `transcription`. */
export interface Generated {
  /** The text: the prompt and what follows; of a model with a source, such as `seq2seq`, what it makes of the input. */
  readonly text: string;
  /** The tokens that were generated, or heard. */
  readonly tokens: readonly string[];
}

/** The answer of a model that points into a text: what stands there. */
export interface Pointed {
  /** What stands there in the text, as it was given; of a row of tokens alone, these joined, in lower case where they are. */
  readonly text: string;
  /** The numbers of the first token and of the last one. */
  readonly from: number;
  readonly to: number;
}

/** The answer of a learner that plays: what it does. */
export interface Acted {
  /** The number of a discrete action, or the numbers of a continuous one. */
  readonly action: ReturnType<Tensor["toArray"]>;
  /**
   * Of discrete actions, the logit or the expected return of each; -∞, which is `null` in JSON, where it is not legal, or was
   * not tried by a search. The action is the highest, unless a search chose it, such as that of `alphaZero`.
   */
  readonly values?: readonly number[];
}

/** A box that a detector found: its sides as shares of the picture's width and height, its class, and how sure it is. */
export interface FoundBox {
  readonly class: string;
  readonly score: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The answer of a detector: the boxes that it found, from the surest on. */
export interface Detected {
  readonly boxes: readonly FoundBox[];
}

/** The answer of a model that speaks: sound. */
export interface Spoken {
  readonly sound: Sound;
}

/** The answer of any other model: its output, as nested lists of numbers. */
export interface Measured {
  readonly value: ReturnType<Tensor["toArray"]>;
}

/** What a model says about one row. */
export type Answer = Acted | Classified | Detected | Generated | Measured | Pointed | Spoken;

/** `e^x / Σ e^x`, of numbers that are moved to at most 0 first. */
const softmax = (logits: readonly number[]): readonly number[] => {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** The probabilities of classes: of their logits, or of two classes by the logit of the second. */
const probabilitiesOf = (logits: readonly number[], classes: number) =>
  logits.length === 1 && classes === 2 ? softmax([0, ...logits]) : softmax(logits);

/** The place of the first of the greatest numbers. */
const greatest = (xs: readonly number[]): number =>
  xs.reduce((best, x, i) => (x > (xs[best] ?? Number.NEGATIVE_INFINITY) ? i : best), 0);

const classified = (logits: readonly number[], classes: readonly string[]): Classified => {
  const probabilities = probabilitiesOf(logits, classes.length);
  const at = greatest(probabilities);
  return {
    class: classes[at] ?? "",
    probability: probabilities[at] ?? Number.NaN,
    probabilities: Object.fromEntries(classes.map((name, i) => [name, probabilities[i] ?? 0])),
  };
};

/** Whether outputs of a shape can be boxes. */
export const areBoxes = (shape: Shape): boolean => shape.length === 2 && shape[1] === 6;

/** The boxes of an output, by their scores. */
const detectedIn = (
  data: readonly number[],
  least: number,
  classes: readonly string[] = [],
): Detected => {
  const boxes = Array.from({ length: data.length / 6 }, (_, i): FoundBox => {
    const [left = 0, top = 0, right = 0, bottom = 0, kind = 0, score = 0] = data.slice(6 * i);
    return { class: classes[kind] ?? String(kind), score, left, top, right, bottom };
  });
  return {
    boxes: boxes
      .filter(({ score }) => score > 0 && score >= least)
      .toSorted((a, b) => b.score - a.score),
  };
};

/** What an output is not, for speech; `undefined` where they fit one another. */
export const unspoken = (
  { mels }: FromSound,
  output: Shape,
): { readonly expected: string; readonly actual: string } | undefined =>
  output.length === 2 && output[1] === mels
    ? undefined
    : { expected: `an output [time, ${mels}], as there are mels`, actual: showShape(output) };

/** Each output as sound. **Fails with** `InvalidArgument` where it is of other mels, or not finite. */
const spokenIn = (outputs: readonly Tensor[], speech: FromSound) =>
  E.tryCatch(
    () => outputs.map((column): Spoken => ({ sound: toSound(speech, column) })),
    (error) => {
      if (error instanceof InvalidArgument) return error;
      throw error;
    },
  );

/** The error of a model that says NaN or ∞ about a row, where an answer is chosen by numbers. */
const notFinite = (said: string, row: number): InvalidArgument =>
  new InvalidArgument({
    ...{ op: "answer", argument: `${said} in ${rowAt(row)}` },
    ...{ expected: "params that are finite", actual: "NaN or ∞" },
  });

/** The rule that a row breaks: the values of its actions are NaN, and then the number of the rule in all places. */
const brokenRule = (
  [first = 0, rule = -1, ...others]: readonly number[],
  plays: Game | undefined,
): string | undefined =>
  Number.isNaN(first) && others.every((x) => x === rule) ? plays?.rules?.[rule] : undefined;

/** Why nothing can be played by the values of actions, of which each line has `count`; `undefined` where something can. */
const unplayable = (
  row: number,
  numbers: readonly number[],
  count: number,
  plays?: Game,
): InvalidArgument | undefined => {
  const op = "answer";
  const values = numbers.slice(0, count);
  const rule = brokenRule(values, plays);
  if (rule === undefined && !numbers.every((x) => x < Number.POSITIVE_INFINITY))
    return notFinite("a value that the model gives to an action", row);
  if (rule === undefined && values.some((x) => x > Number.NEGATIVE_INFINITY)) return undefined;
  const position =
    plays?.positions ?? "a position that the game can have, as the player to move sees it";
  return new InvalidArgument({
    ...{ op, argument: rowAt(row), expected: `${position}; an action must be legal` },
    actual:
      rule === undefined
        ? "a position without a legal action"
        : `no position that ${plays?.name ?? "the game"} can have, where ${rule}`,
  });
};

/**
 * What outputs say, row by row. With `boxes` an output is read as boxes. With class names, an output is taken for the logits of the classes, or a single number
 * for the logit of the second of two. Of a learner that plays it is an action, or the values of actions.
 *
 * **Fails with** `InvalidArgument` where an output has another size than there are classes, or is not one of boxes; where a
 * row is no position of the game, or has no legal action; or where what a class or an action is chosen by is NaN or ∞, but
 * for -∞ beside other numbers.
 */
export const answersOf = (
  outputs: Tensor,
  {
    classes,
    boxes,
    speech,
    acts,
    plays,
  }: Pick<Meaning, "classes" | "acts"> & Partial<Pick<Meaning, "boxes" | "speech" | "plays">>,
): E.Either<InvalidArgument, readonly Answer[]> => {
  const [rows = 0, ...shape] = outputs.shape;
  const width = sizeOf(shape);
  const data = Tensor.read(outputs);
  const numbersAt = (i: number) => data.slice(i * width, (i + 1) * width);
  const each = <A>(f: (i: number) => A): readonly A[] =>
    Array.from({ length: rows }, (_, i) => f(i));
  const one = (i: number) => Tensor.own(shape, outputs.dtype, numbersAt(i));
  const nested = (i: number) => one(i).toArray();
  if (speech !== undefined) return spokenIn(each(one), speech);
  if (acts === "continuous") {
    const strange = each(numbersAt).findIndex((xs) => !xs.every(Number.isFinite));
    return strange < 0
      ? E.right(each((i) => ({ action: nested(i) })))
      : E.left(notFinite("an action of the model", strange));
  }
  if (acts === "discrete") {
    const count = shape.at(-1) ?? 1;
    const all = each((i) => [...numbersAt(i)]);
    const [refused] = all.flatMap((numbers, i) => unplayable(i, numbers, count, plays) ?? []);
    if (refused !== undefined) return E.left(refused);
    return E.right(
      all.map((numbers) => ({
        action: greatest(numbers.slice(-count)),
        values: numbers.slice(0, count),
      })),
    );
  }
  if (boxes !== undefined && !areBoxes(shape))
    return E.left(
      new InvalidArgument({
        op: "answer",
        argument: "the output",
        expected: "boxes, [n, 6]",
        actual: showShape(shape),
      }),
    );
  if (boxes !== undefined)
    return E.right(each((i) => detectedIn([...numbersAt(i)], boxes.least, classes)));
  if (classes === undefined) return E.right(each((i) => ({ value: nested(i) })));
  if (width !== classes.length && !(width === 1 && classes.length === 2))
    return E.left(
      new InvalidArgument({
        op: "answer",
        argument: "the classes",
        expected: `names for ${width === 1 ? "2" : width} classes, as the output ${showShape(shape)} has`,
        actual: `${classes.length} names`,
      }),
    );
  const all = each((i) => classified([...numbersAt(i)], classes));
  const strange = all.findIndex(({ probability }) => Number.isNaN(probability));
  return strange < 0
    ? E.right(all)
    : E.left(notFinite("a logit that the model gives to a class", strange));
};
