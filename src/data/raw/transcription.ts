import { InvalidArgument } from "../../errors.ts";
import { wholeTo } from "../../tensor/validate.ts";
import type { Vocabulary } from "../vocabulary.ts";

/**
 * How a model that was trained by the CTC loss answers in text. A source gives it beside its data. It is data, so that a file
 * can hold it. See {@link transcription}.
 */
export interface Transcription {
  /** What the classes of the output say. The first is the blank, which says nothing. */
  readonly vocabulary: Vocabulary;
  /** What stands between tokens in a text. */
  readonly separator: string;
  /** How many texts are kept at each time step. */
  readonly width: number;
}

/** The options of {@link transcription}. */
export interface TranscriptionOptions {
  /** What the classes of the output say. The first is the blank, which says nothing. */
  readonly vocabulary: Vocabulary;
  /** What stands between tokens in a text. Defaults to nothing. */
  readonly separator?: string;
  /** How many texts are kept at each time step: see `ctcBeamSearch`. Defaults to 16. */
  readonly width?: number;
}

/** The maximum width of a beam. */
const most = 2 ** 16;

/**
 * Describes how a model that was trained by the CTC loss, `ctc`, answers in text: what its classes say, and how widely the
 * search looks for the most likely text.
 *
 * **Shapes** the model's output for one example is `[time, vocabulary.size]`, logits or logarithms of probabilities.
 * **Fails with** `InvalidArgument`, thrown, where the vocabulary has only the blank, or the width is out of range.
 *
 * @example
 * ```ts
 * import { transcription, vocabularyOf } from "fluxion/data";
 * const spoken = transcription({ vocabulary: vocabularyOf(["<blank>", "yes", "no"]), separator: " " });
 * spoken.width // => 16
 * ```
 */
export const transcription = ({
  vocabulary,
  separator = "",
  width = 16,
}: TranscriptionOptions): Transcription => {
  wholeTo(1, most)("transcription", { width });
  if (vocabulary.size < 2)
    throw new InvalidArgument({
      ...{ op: "transcription", argument: "vocabulary" },
      ...{ expected: "a blank and at least one token", actual: String(vocabulary.size) },
    });
  return { vocabulary, separator, width };
};
