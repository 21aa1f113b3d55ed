import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import { Backend, type Plan, type Session, type Tensors } from "../../backend/backend.ts";
import { type Later, mapLater } from "../../backend/later.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import type { WorkerLost } from "../../errors.ts";
import { derive } from "../../interpreter/derive.ts";
import { parameter } from "../../ir/build.ts";
import type { Program } from "../../ir/expr.ts";
import { broadcastTo } from "../../ir/ops/promote.ts";
import { program } from "../../ir/program.ts";
import type { ColumnTypes } from "../../learn/program.ts";
import { allocate, type Storage } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { inTurns } from "../loop/cooperate.ts";
import type { CannotCompile } from "../loop/evaluate.ts";

/** The output of a model for one row of fixed types. */
export interface RowProgram {
  /** Its inputs are params, then columns; its output is that of the row. */
  readonly program: Program;
  readonly params: Tensors;
  /** The columns that it reads, in the order of its inputs after the params. */
  readonly columns: readonly string[];
}

/** Makes the program for a row of these types. */
export type ProgramFor<E> = (row: ColumnTypes) => Effect.Effect<RowProgram, E>;

/**
 * A program of one row as one of several, which know nothing of one another. Its first outputs are its params, so that
 * these stay in the backend's memory.
 */
export const overRows = ({ program: one, params }: RowProgram, rows: number): Program => {
  const inputs = one.inputs.map(({ shape, dtype }, i) =>
    parameter({ shape: i < params.length ? shape : [rows, ...shape], dtype }),
  );
  const { outputs, batched } = derive.batch(
    one,
    inputs,
    inputs.map((_, i) => i >= params.length),
    { size: rows, name: undefined },
  );
  const results = outputs.map((y, i) => (batched[i] ? y : broadcastTo(y, [rows, ...y.shape])));
  return program(inputs, [...inputs.slice(0, params.length), ...results]);
};

/** A program that was compiled for one batch size, with its params in the backend's memory. */
interface Ready {
  readonly columns: readonly string[];
  readonly ahead: number;
  readonly session: Session;
}

/** How many programs are kept, for rows of other types and other batch sizes. */
const most = 16;

/** Computes the outputs for the rows of a dataset, in order, along a leading axis. */
export type Outputs<E> = (
  rows: Dataset<Row>,
) => Effect.Effect<Tensor, E | CannotCompile | WorkerLost>;

export interface Computing<E> {
  readonly outputs: Outputs<E>;
  /** Gives up the memory of the compiled programs. */
  readonly release: () => void;
}

/** How programs are compiled, and which plans are refused. */
export interface Computation<E> {
  readonly deterministic?: boolean;
  readonly admit?: (plan: Plan) => Effect.Effect<void, E>;
}

/** Positions of rows from `from` on, as many as a batch has. A batch that is not full repeats its last row. */
const positions = (from: number, until: number, size: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => Math.min(from + i, until - 1));

/**
 * Computes outputs in batches of fixed sizes, each compiled once: the smallest that holds what is left, or the largest.
 */
export const computing = Effect.fnUntraced(function* <E>(
  programFor: ProgramFor<E>,
  sizes: readonly number[],
  { deterministic = false, admit = () => Effect.void }: Computation<E>,
) {
  const backend = yield* Backend;
  const ready = new Map<string, Ready>();
  // A session takes its steps one after another, and two callers may ask at once.
  const turn = Semaphore.makeUnsafe(1);
  const ascending = [...sizes].sort((a, b) => a - b);
  const sizeFor = (rows: number): number =>
    ascending.find((size) => size >= rows) ?? nth(ascending, ascending.length - 1);

  const release = (): void => {
    for (const { session } of ready.values()) session.release();
    ready.clear();
  };

  const compiledFor = Effect.fnUntraced(function* (row: ColumnTypes, size: number) {
    const types = Object.entries(row).map(([name, { shape, dtype }]) => [name, dtype, ...shape]);
    const key = JSON.stringify([size, ...types]);
    const known = ready.get(key);
    if (known !== undefined) {
      // The last in the map is the one that was used last.
      ready.delete(key);
      ready.set(key, known);
      return known;
    }
    const one = yield* programFor(row);
    const { params, columns } = one;
    const options = { carried: params.length, deterministic };
    const executable = yield* backend.compile(overRows(one, size), options);
    yield* admit(executable.plan);
    const made: Ready = { columns, ahead: executable.ahead, session: executable.start(params) };
    ready.set(key, made);
    for (const [oldest, { session }] of ready) {
      if (ready.size <= most) break;
      session.release();
      ready.delete(oldest);
    }
    return made;
  });

  const outputs: Outputs<E> = (rows) =>
    Effect.gen(function* () {
      const size = sizeFor(rows.size);
      const { session, columns, ahead } = yield* compiledFor(rows.columns, size);
      let [submitted, written] = [0, 0];
      let made: { readonly tensor: Tensor; readonly data: Storage } | undefined;
      let unread: readonly number[] = [];
      const submit = () => {
        if (submitted >= rows.size) return "ended";
        const until = Math.min(submitted + size, rows.size);
        const those = positions(submitted, until, size);
        session.submit((inputs) => {
          rows.gatherInto(
            Object.fromEntries(columns.map((column, i) => [column, nth(inputs, i)])),
            those,
          );
        });
        unread = [...unread, until - submitted];
        submitted = until;
        return "submitted";
      };
      const read = (): Later<Tensor> => {
        const [count = 0, ...others] = unread;
        unread = others;
        // The output of the rows is the only one after the params.
        return mapLater(session.read(), ([output]) => firstOf(output as Tensor, count));
      };
      const use = (part: Tensor): undefined => {
        if (made === undefined) {
          const { dtype } = part;
          const shape = [rows.size, ...part.shape.slice(1)];
          const data = allocate(dtype, sizeOf(shape));
          made = { tensor: Tensor.own(shape, dtype, data), data };
        }
        made.data.set(Tensor.read(part), written);
        written += part.size;
      };
      yield* inTurns<Tensor, never>(
        { submit, room: () => unread.length <= ahead, read, use },
        () => false,
      );
      // There is at least one row, so that at least one batch was read.
      return (made as { readonly tensor: Tensor } | undefined)?.tensor as Tensor;
    }).pipe(
      // After a failure or an interruption, steps may be unread that nobody will read.
      Effect.onExit((exit) => (exit._tag === "Success" ? Effect.void : Effect.sync(release))),
      turn.withPermit,
    );

  return { outputs, release } satisfies Computing<E>;
});

/** The first rows of a tensor. */
const firstOf = (tensor: Tensor, rows: number): Tensor => {
  const [all = 1, ...shape] = tensor.shape;
  if (rows === all) return tensor;
  return Tensor.own(
    [rows, ...shape],
    tensor.dtype,
    Tensor.read(tensor).slice(0, rows * sizeOf(shape)),
  );
};
