import * as Effect from "effect/Effect";
import { InvalidFlag } from "../../errors.ts";
import { writeSafetensors } from "../../io/index.ts";
import { greatestOf, leastOf } from "../../tensor/extremes.ts";
import { table } from "../../terminal/table.ts";
import { jsonLine, oneLine, printable } from "../../terminal.ts";
import { evaluate, type On } from "../../train/loop/evaluate.ts";
import { confusionLines } from "../../train/operators/confusionTable.ts";
import type { AnyPipeline } from "../../train/pipeline/pipeline.ts";
import type { Answer, FoundBox } from "../../train/predict/answers.ts";
import { inWords } from "../../train/predict/answersEvery.ts";
import type { Model } from "../../train/predict/model.ts";
import { contentOf } from "../../train/predict/modelFile.ts";
import { makeModelPredictor } from "../../train/predict/predict.ts";
import { boxesDrawn } from "./boxesDrawn.ts";
import { drawn, isDrawable, numbersOf } from "./drawn.ts";
import { rowsIn } from "./input.ts";
import type { Split } from "./splits.ts";
import { spokenTo } from "./spoken.ts";
import { asModel, asState, targetOf } from "./target.ts";

/** What the commands about trained models are given. */
export interface Given {
  readonly state?: string;
  readonly on?: Split;
  readonly input?: string;
  readonly output?: string;
  readonly beam?: number;
  readonly json?: boolean;
}

const required = (flag: string, value: string | undefined, expected: string) =>
  value === undefined
    ? Effect.fail(new InvalidFlag({ flag, value, expected, absent: true }))
    : Effect.succeed(value);

/** The split to evaluate on: the test data where there are some, or else what is held out, or else all. */
const splitOf = Effect.fnUntraced(function* (of: AnyPipeline) {
  const { validation, test } = yield* of.source;
  if (test !== undefined) return "test";
  return validation !== undefined || of.validationShare > 0 ? "validation" : "train";
});

/** Evaluates a trained model on a split of its pipeline's data. Returns the text to print. */
export const evaluated = Effect.fnUntraced(function* (name: string, given: Given) {
  const { of, state } = yield* asState(yield* targetOf(name, given.state));
  const on: On = given.on ?? (yield* splitOf(of));
  const { loss, metrics, confusion } = yield* evaluate(of, state, on);
  if (given.json === true)
    return jsonLine({ pipeline: of.name, on, loss, metrics, ...(confusion && { confusion }) });
  const numbers = Object.entries({ loss, ...metrics }).map(
    ([metric, value]) => `${oneLine(metric)} ${value.toFixed(4)}`,
  );
  return [
    `${oneLine(of.name)} · ${on}  ${numbers.join("  ")}`,
    ...(confusion === undefined ? [] : confusionLines(confusion)),
  ].join("\n");
});

const valueText = (value: unknown): string =>
  JSON.stringify(value, (_, x: unknown) => (typeof x === "number" ? Number(x.toPrecision(6)) : x));

/** The most numbers of an answer that are printed beside others. */
const mostBeside = 32;
/** The most numbers of a list that are printed. */
const mostOfList = 10_000;
/** The most columns, and the most rows, of a grid of numbers that is printed as a table. */
const mostOfGrid = { columns: 16, rows: 1000 };

/** An answer in a table. A grid of many numbers, such as those of all pixels, is told by its size. */
const answerText = (answer: Answer): string => {
  const { numbers, extents } = numbersOf(answer) ?? { numbers: [], extents: [] };
  if (numbers.length <= (extents.length < 2 ? mostOfList : mostBeside))
    return valueText("action" in answer ? answer.action : "value" in answer && answer.value);
  const [least, most] = [leastOf(numbers), greatestOf(numbers)];
  const draws = isDrawable(extents) ? ", --output x.png draws them" : "";
  return `${extents.join(" × ")} numbers, from ${valueText(least)} to ${valueText(most)} (--json prints them${draws})`;
};

/** The only answer as a table of its own, where it is a grid of numbers: a line for each of its rows. */
const gridText = (answers: readonly Answer[]): string | undefined => {
  const { numbers, extents } = numbersOf(answers[0]) ?? { numbers: [], extents: [] };
  const [rows = 0, columns = 0] = extents;
  const isGrid = answers.length === 1 && extents.length === 2 && numbers.length > mostBeside;
  if (!isGrid || columns > mostOfGrid.columns || rows > mostOfGrid.rows) return undefined;
  const places = Array.from({ length: columns }, (_, i) => String(i + 1));
  const lines = Array.from({ length: rows }, (_, i) => [
    String(i + 1),
    ...numbers.slice(i * columns, (i + 1) * columns).map(valueText),
  ]);
  return table(["output", ...places], lines, { numeric: [0, ...places.map(Number)] });
};

const boxCells = (row: number, { class: kind, ...numbers }: FoundBox): readonly string[] => {
  const { score, left, top, right, bottom } = numbers;
  return [
    String(row),
    oneLine(kind),
    ...[score, left, top, right, bottom].map((x) => x.toFixed(3)),
  ];
};

const boxTable = (rows: readonly (readonly string[])[]): string =>
  table(["row", "class", "score", "left", "top", "right", "bottom"], rows, {
    numeric: [0, 2, 3, 4, 5, 6],
  });

/** Answers as a table; texts of several lines one after another. */
const answersText = (answers: readonly Answer[]): string => {
  const texts = answers.flatMap((answer) => ("text" in answer ? [answer.text] : []));
  if (texts.some((text) => text.includes("\n"))) return texts.map(printable).join("\n\n");
  const grid = gridText(answers);
  if (grid !== undefined) return grid;
  const rows = answers.map((answer, i) => {
    const row = String(i + 1);
    if ("class" in answer) return [row, oneLine(answer.class), answer.probability.toFixed(4)];
    if ("text" in answer) return [row, oneLine(answer.text)];
    if ("sound" in answer) return [row, inWords(answer)];
    return [row, answerText(answer)];
  });
  const boxes = answers.flatMap((answer, i) =>
    "boxes" in answer ? answer.boxes.map((box) => boxCells(i + 1, box)) : [],
  );
  if (answers.some((answer) => "boxes" in answer)) return boxTable(boxes);
  if (answers.some((answer) => "class" in answer))
    return table(["row", "class", "probability"], rows, { numeric: [0, 2] });
  // Of discrete actions, the logit or the expected return of the one that is taken.
  const taken = answers.flatMap((answer) =>
    "action" in answer && answer.values !== undefined
      ? [valueText(answer.values[Number(answer.action)])]
      : [],
  );
  if (taken.length > 0)
    return table(
      ["row", "action", "value"],
      rows.map((row, i) => [...row, taken[i] ?? ""]),
      { numeric: [0, 1, 2] },
    );
  const acted = answers.some((answer) => "action" in answer);
  const isSound = answers.some((answer) => "sound" in answer);
  const kind = texts.length > 0 ? "text" : acted ? "action" : isSound ? "sound" : "output";
  return table(["row", kind], rows, { numeric: [0] });
};

/** How a model decodes that is asked for a beam. **Fails with** `InvalidFlag` where it writes no texts token by token. */
const beamOf = ({ name, generation }: Model, width: number | undefined) =>
  width === undefined
    ? Effect.succeed({})
    : generation !== undefined
      ? Effect.succeed({ generation: { decoding: { method: "beam", width } } } as const)
      : Effect.fail(
          new InvalidFlag({
            flag: "--beam",
            value: String(width),
            expected: `a model that writes texts token by token, which ${oneLine(name)} does not`,
          }),
        );

/**
 * Predicts for the rows of a file. Returns the text to print: a table, or a line of JSON for each row. With `output`, draws
 * the answer that is a picture, or boxes on theirs, or writes what is said. With `beam`, texts are those that a beam search
 * of this width finds.
 */
export const predicted = Effect.fnUntraced(function* (name: string, given: Given) {
  const input = yield* required(
    "--input",
    given.input,
    "a file of rows: .csv, .jsonl, .json, .png, .wav or .txt",
  );
  const model = yield* asModel(yield* targetOf(name, given.state));
  const how = yield* beamOf(model, given.beam);
  const rows = yield* rowsIn(model, input);
  const answers = yield* Effect.scoped(
    Effect.flatMap(makeModelPredictor(model, how), (predict) => predict.answers(rows)),
  );
  if (given.output !== undefined)
    return yield* answers.some((answer) => "boxes" in answer)
      ? boxesDrawn(model.name, answers, input, given.output)
      : model.speech !== undefined
        ? spokenTo(model.name, answers, given.output)
        : drawn(model.name, answers, given.output);
  return given.json === true ? answers.map(jsonLine).join("\n") : answersText(answers);
});

/** Writes a model that needs no pipeline. Returns the text to print. */
export const exported = Effect.fnUntraced(function* (name: string, given: Given) {
  const output = yield* required("--output", given.output, "the name of the file to write");
  const model = yield* asModel(yield* targetOf(name, given.state));
  yield* writeSafetensors(output, contentOf(model));
  const params = Object.values(model.params).reduce((n, { size }) => n + size, 0);
  return given.json === true
    ? jsonLine({ pipeline: model.name, output, parameters: params })
    : `${oneLine(model.name)}: ${params} parameters in ${oneLine(output)}`;
});
