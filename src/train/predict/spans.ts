import * as Effect from "effect/Effect";
import { Dataset, type Row } from "../../data/dataset.ts";
import { type SplitText, splitText } from "../../data/raw/generation.ts";
import { tokenPlaces } from "../../data/raw/tokenPlaces.ts";
import { InvalidArgument } from "../../errors.ts";
import { type Shape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { SpanOutput } from "../pipeline/splits.ts";
import type { Pointed } from "./answers.ts";
import { type Inputs, listOf, type Rows } from "./rows.ts";

/** The text that a span is in; `undefined` where its column is made of something else. */
const textIn = ({ column }: SpanOutput, inputs: Inputs) => {
  const from = Object.hasOwn(inputs, column) ? inputs[column] : undefined;
  return from?.kind === "text" ? from : undefined;
};

/** What a span does not fit, its text or an output; `undefined` where they fit one another. */
export const unmarked = (
  span: SpanOutput,
  inputs: Inputs,
  output: Shape,
): { readonly expected: string; readonly actual: string } | undefined => {
  if (output.length !== 1 || output[0] !== 2)
    return {
      expected: "an output [2], the first and the last token of an answer",
      actual: showShape(output),
    };
  return textIn(span, inputs) === undefined
    ? { expected: "the name of a column that fromText makes", actual: span.column }
    : undefined;
};

/** What stands between the tokens of a text. */
const separatorOf = (split: unknown): string => (split === "words" || split === "items" ? " " : "");

/** What stands between two tokens of a text, in its own characters; `undefined` where its tokens are not found there. */
const standing = (raw: unknown, split: SplitText, first: number, last: number) => {
  if (typeof raw !== "string") return undefined;
  const places = tokenPlaces(raw, splitText(split, raw));
  const [from, to] = [places?.[first]?.[0], places?.[Math.min(last, places.length - 1)]?.[1]];
  return from === undefined || to === undefined ? undefined : raw.slice(from, Math.max(from, to));
};

/**
 * What stands in the texts of rows where outputs point: from the first token to the last, without padding. Of a text that was
 * given, as it stands there; of tokens alone, the tokens.
 *
 * **Fails with** `InvalidArgument` where outputs have other axes, or the span is of another column than one of text.
 */
export const spanned = Effect.fnUntraced(function* (
  outputs: Tensor,
  rows: Dataset<Row>,
  given: Rows,
  span: SpanOutput,
  inputs: Inputs,
) {
  const wrong = unmarked(span, inputs, outputs.shape.slice(1));
  const from = textIn(span, inputs);
  if (wrong !== undefined || from === undefined)
    return yield* new InvalidArgument({
      ...{ op: "answer", argument: "the span" },
      ...(wrong as NonNullable<typeof wrong>), // it is there where there is no text
    });
  const { vocabulary, padding, split } = from;
  const places = Tensor.read(outputs);
  const raw = given instanceof Dataset ? [] : listOf(given);
  return Array.from({ length: rows.size }, (_, i): Pointed => {
    const [first = 0, last = 0] = places.slice(2 * i, 2 * i + 2);
    const numbers = rows.row(i)[span.column] as Tensor; // the model reads it
    const marked = [...Tensor.read(numbers)].slice(first, last + 1).filter((n) => n !== padding);
    const said = vocabulary.decode(marked).join(separatorOf(split));
    const text = standing(raw[i]?.[span.column], split, first, last) ?? said;
    return { text: text.trim(), from: first, to: last };
  });
});
