import * as Effect from "effect/Effect";
import type { Transcription } from "../../data/raw/transcription.ts";
import { InvalidArgument } from "../../errors.ts";
import { ctcBeamSearch } from "../../nn/generate/ctc.ts";
import { type Shape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Generated } from "./answers.ts";

/** What an output is not, for a transcription; `undefined` where they fit one another. */
export const unheard = (
  { vocabulary }: Transcription,
  output: Shape,
): { readonly expected: string; readonly actual: string } | undefined =>
  output.length === 2 && output[1] === vocabulary.size
    ? undefined
    : {
        expected: `an output [time, ${vocabulary.size}], as there are tokens and a blank`,
        actual: showShape(output),
      };

/**
 * The most likely text of each output, by beam search.
 *
 * **Fails with** `InvalidArgument` where outputs have other axes; `NonFiniteLogits`.
 */
export const transcribed = Effect.fnUntraced(function* (outputs: Tensor, of: Transcription) {
  const wrong = unheard(of, outputs.shape.slice(1));
  if (wrong !== undefined)
    return yield* new InvalidArgument({ op: "answer", argument: "the transcription", ...wrong });
  const beams = yield* ctcBeamSearch(outputs, { width: of.width });
  return beams.map(([best]): Generated => {
    const tokens = of.vocabulary.decode(best?.labels ?? []);
    return { text: tokens.join(of.separator), tokens };
  });
});
