import type { Expr } from "../../ir/expr.ts";
import { ne } from "../../ir/ops/elementwise.ts";
import { share, wholeTo } from "../../tensor/validate.ts";
import { masked } from "../combinators/overTime.ts";
import { sequential } from "../combinators/sequential.ts";
import { requireSizes } from "../functional/affine.ts";
import { dense } from "../layers/dense.ts";
import { embedding } from "../layers/embedding.ts";
import { dropout } from "../layers/lambda.ts";
import { lstm } from "../layers/recurrent/recurrent.ts";

/** The sizes of an {@link lstmClassifier}. */
export interface LstmClassifierOptions<C extends number = number> {
  readonly vocabulary: number;
  /** The width of the embedding. */
  readonly width: number;
  readonly hidden: number;
  readonly classes: C;
  /** The number of stacked recurrences. Defaults to 1. */
  readonly layers?: number;
  /** Whether recurrences run in both directions, with outputs twice as wide. Defaults to `false`. */
  readonly bidirectional?: boolean;
  /** Dropout rate between the layers. Defaults to 0. */
  readonly dropout?: number;
  /** The padding token. Defaults to 0. */
  readonly padding?: number;
}

/**
 * Classifies sequences of tokens: an embedding, LSTM layers, and an affine map of the last output.
 *
 * **Shapes** `x: [time]` of i32 tokens `→ y: [classes]`, logits. Padding changes nothing.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number, dropout not a probability
 * below 1, or the padding is not in the vocabulary.
 * **Source** Hochreiter and Schmidhuber (1997), see `lstmCell`; dropout between recurrences: Zaremba,
 * Sutskever and Vinyals (2014), arXiv:1409.2329.
 *
 * **Example**
 * ```ts
 * import { lstmClassifier } from "fluxion/models";
 * import { summary } from "fluxion/nn";
 *
 * const model = lstmClassifier({ vocabulary: 100, width: 8, hidden: 16, classes: 3 });
 * summary(model, [20])[0]?.output; // => [3]
 * ```
 */
export const lstmClassifier = <const C extends number>({
  vocabulary,
  width,
  hidden,
  classes,
  layers = 1,
  bidirectional = false,
  dropout: rate = 0,
  padding = 0,
}: LstmClassifierOptions<C>) => {
  requireSizes("lstmClassifier", { vocabulary, width, hidden, classes, layers });
  share("lstmClassifier", { dropout: rate });
  wholeTo(0, vocabulary - 1)("lstmClassifier", { padding });
  return masked(
    (tokens: Expr) => ne(tokens, padding),
    sequential(
      embedding(vocabulary, width),
      dropout(rate),
      lstm(width, hidden, { layers, bidirectional, dropout: rate, output: "last" }),
      dropout(rate),
      dense((bidirectional ? 2 : 1) * hidden, classes),
    ),
  );
};
