import * as Effect from "effect/Effect";
import {
  Backend,
  type CompileOptions,
  type Executable,
  type Tensors,
} from "../../backend/backend.ts";
import { answer } from "../../backend/later.ts";
import { Dataset } from "../../data/dataset.ts";
import { type Generation, splitText, unitOf } from "../../data/raw/generation.ts";
import { numbersOf } from "../../data/raw/known.ts";
import { kindOf } from "../../data/raw/prepare.ts";
import { rowAt } from "../../errors/words.ts";
import {
  EmptyDataset,
  EmptySequence,
  InvalidArgument,
  SequenceTooLong,
  UnknownColumn,
  UnknownToken,
} from "../../errors.ts";
import type { Program } from "../../ir/expr.ts";
import { type Autoregressive, type Continuation, continuing } from "../../nn/generate/decoder.ts";
import { beamSearch, greedySearch, type Span, sampleSequence } from "../../nn/generate/search.ts";
import { key } from "../../tensor/key.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Generated } from "./answers.ts";
import type { Computation } from "./compiled.ts";
import { listOf, type RawRow, type Rows } from "./rows.ts";

/** The sizes of a model that generates sequences. */
export type Sizes = Pick<Autoregressive<never>, "name" | "vocabulary" | "positions" | "source">;

/** A program with the params that are its first inputs. */
export interface Bound<P = Tensor> {
  readonly program: Program;
  readonly params: readonly P[];
}

/** A trained model that generates sequences, as programs of its params: tensors, or their names. */
export interface Generator<P = Tensor> extends Sizes {
  readonly begin: Bound<P>;
  readonly step: Bound<P>;
}

/** A generator with other params: their names in place of tensors, or the other way round. */
export const withParams = <P, Q>(of: Generator<P>, f: (param: P) => Q): Generator<Q> => {
  const bound = ({ program, params }: Bound<P>): Bound<Q> => ({ program, params: params.map(f) });
  return { ...of, begin: bound(of.begin), step: bound(of.step) };
};

/** What a generation is not, for a model; `undefined` where they fit one another. */
export const misfit = (
  { vocabulary, prompt }: Generation,
  { vocabulary: tokens, source }: Sizes,
): { readonly expected: string; readonly actual: string } | undefined => {
  if (vocabulary.size !== tokens)
    return {
      expected: `a vocabulary of ${tokens} tokens, as the model generates`,
      actual: `one of ${vocabulary.size}`,
    };
  const takes = source?.vocabulary ?? tokens;
  return prompt.vocabulary.size === takes
    ? undefined
    : {
        expected: `a vocabulary of prompts of ${takes} tokens, as the model takes`,
        actual: `one of ${prompt.vocabulary.size}`,
      };
};

/** The tokens of a row's prompt, as numbers. */
export const promptOf = (
  { column, prompt }: Generation,
  row: RawRow,
  at: number,
): Effect.Effect<readonly number[], InvalidArgument | UnknownColumn | UnknownToken> => {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  const known = (tokens: readonly number[]) => {
    const { size } = prompt.vocabulary;
    const position = tokens.findIndex((token) => token < 0 || token >= size);
    if (position < 0) return Effect.succeed(tokens);
    const token = String(tokens[position]);
    return Effect.fail(new UnknownToken({ token, position, known: size, row: at, column }));
  };
  if (value === undefined)
    return Effect.fail(new UnknownColumn({ column, columns: Object.keys(row), asked: true }));
  if (value instanceof Tensor && value.shape.length === 1 && value.dtype === "i32")
    return known(Array.from(Tensor.read(value)));
  if (typeof value === "string") {
    const encoded = numbersOf(splitText(prompt.split, value), prompt, column);
    return encoded._tag === "Right"
      ? Effect.succeed(encoded.right)
      : Effect.fail(new UnknownToken({ ...encoded.left, row: at }));
  }
  return Effect.fail(
    new InvalidArgument({
      op: "predict",
      argument: `column "${column}" of ${rowAt(at)}`,
      expected: "a prompt: a text, or its tokens as a tensor i32 [n]",
      actual:
        value instanceof Tensor
          ? `a tensor ${value.dtype} ${showShape(value.shape)}`
          : kindOf(value),
    }),
  );
};

/** The next tokens, by the method of a decoding. */
const decoded = <S>({ decoding }: Generation, continuation: Continuation<S>, span: Span) => {
  switch (decoding.method) {
    case "greedy":
      return greedySearch(continuation, span);
    case "sampling": {
      const { method: _, seed = 0, ...how } = decoding;
      return sampleSequence(continuation, key(seed), { ...how, ...span });
    }
    case "beam": {
      const { method: _, ...how } = decoding;
      return Effect.map(
        beamSearch(continuation, { ...how, ...span }),
        // A beam keeps at least one sequence.
        ([best]) => best?.tokens ?? [],
      );
    }
  }
};

/**
 * Compiles a model to a function from rows to texts. The same prompt gives the same text, alone and among others.
 *
 * **Fails with** `CompileError`, `BackendUnavailable`, `MemoryLimit`; what is returned, with `EmptyDataset`,
 * `UnknownColumn`, `InvalidArgument`, `UnknownToken`, `EmptySequence` and `SequenceTooLong` for prompts,
 * `NonFiniteLogits`, `WorkerLost`, `MemoryLimit`.
 */
export const generating = Effect.fnUntraced(function* <E>(
  how: Generation,
  of: Generator,
  where: string,
  { deterministic = false, admit = () => Effect.void }: Computation<E>,
) {
  const backend = yield* Backend;
  const options: CompileOptions = { deterministic };
  const made = Effect.fnUntraced(function* ({ program, params }: Bound) {
    const executable: Executable = yield* backend.compile(program, options);
    yield* admit(executable.plan);
    return (inputs: Tensors) => answer(() => executable.run([...params, ...inputs]));
  });
  const [begin, step] = [yield* made(of.begin), yield* made(of.step)];
  const from = continuing(
    of,
    (source) => begin([source]),
    (token, carry) =>
      Effect.map(step([token, ...(carry as Tensors)]), ([logits, ...next]) => [
        logits as Tensor, // the first output of a step
        next,
      ]),
  );
  const { vocabulary, separator, start, end, column } = how;
  const numberOf = (token: string | undefined): readonly number[] =>
    token === undefined ? [] : [vocabulary.indexOf(token) as number]; // `generation` looked
  const [first, [until]] = [numberOf(start), numberOf(end)];

  const written = Effect.fnUntraced(function* (row: RawRow, at: number) {
    const told = yield* promptOf(how, row, at);
    const path = [`the prompt ${column} of ${rowAt(at)}`];
    const unit = typeof row[column] === "string" ? unitOf(how.prompt.split) : "token";
    const asked = { column, row: at, unit } as const;
    if (of.source === undefined ? told.length + first.length === 0 : told.length === 0)
      return yield* new EmptySequence({ path, asked });
    const prompt = [...first, ...(of.source === undefined ? told : [])];
    const limit = of.source === undefined ? of.positions - first.length : of.source.length;
    // The rows of a model with a source may have the target after it, as those to learn from.
    const given = of.source !== undefined && row[column] instanceof Tensor;
    if (told.length > limit && !given)
      return yield* new SequenceTooLong({ length: told.length, limit, path, asked });
    const continuation = yield* from(of.source === undefined ? [] : told.slice(0, limit));
    const length = Math.min(how.length, of.positions - prompt.length + 1);
    const span = { from: prompt, length, ...(until === undefined ? {} : { until }) };
    const tokens = vocabulary.decode(yield* decoded(how, continuation, span));
    const before = of.source === undefined ? vocabulary.decode(told) : [];
    return { text: [...before, ...tokens].join(separator), tokens } satisfies Generated;
  });

  return (rows: Rows) =>
    Effect.gen(function* () {
      const list =
        rows instanceof Dataset
          ? Array.from({ length: rows.size }, (_, i) => rows.row(i))
          : listOf(rows);
      if (list.length === 0) return yield* new EmptyDataset({ where });
      return yield* Effect.forEach(list, written);
    });
});
