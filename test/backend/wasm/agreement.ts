import * as Effect from "effect/Effect";
import { expect } from "vitest";
import type {
  CompileOptions,
  Executable,
  SyncBackend,
  Tensors,
} from "../../../src/backend/backend.ts";
import { backendOf } from "../../../src/backend/wasm/index.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { parameter } from "../../../src/ir/build.ts";
import type { Expr, Program, TensorType } from "../../../src/ir/expr.ts";
import { printProgram } from "../../../src/ir/print.ts";
import { program } from "../../../src/ir/program.ts";
import { allocate, type Dtype, store } from "../../../src/tensor/dtype.ts";
import { type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { standing } from "../standing.ts";

export const compiled = (p: Program, options?: CompileOptions): Executable<Tensors> =>
  Effect.runSync(standing.compile(p, options));

/** A backend with workers of its own on a number of threads, which share every kernel that can be cut. */
export const sharing = (threads: number): SyncBackend["Service"] =>
  backendOf({ threads }, { shareFrom: 0 });

const backends = new Map<number, SyncBackend["Service"]>();

/** Compiles a program for a number of threads, which share every kernel that can be cut. */
export const compiledFor = (
  threads: number,
  p: Program,
  options?: CompileOptions,
): Executable<Tensors> => {
  const backend = backends.get(threads) ?? sharing(threads);
  backends.set(threads, backend);
  return Effect.runSync(backend.compile(p, options));
};

/** Expects the same bits from a program on every number of threads. */
export const expectSameOnThreads = (
  p: Program,
  inputs: readonly Tensor[],
  counts: readonly number[] = [2, 3, 4],
): void => {
  const want = compiledFor(1, p).run(inputs);
  for (const threads of counts)
    expectClose(
      compiledFor(threads, p).run(inputs),
      want,
      0,
      () => `on ${threads} threads\n${printProgram(p)}`,
    );
};

export const programOf = (
  types: readonly TensorType[],
  f: (...xs: readonly Expr[]) => readonly Expr[],
): Program => {
  const inputs = types.map(parameter);
  return program(inputs, f(...inputs));
};

export const filledWith = (shape: Shape, dtype: Dtype, element: (i: number) => number): Tensor => {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = store(dtype, element(i));
  return Tensor.own(shape, dtype, data);
};

/**
 * Expects two lists of tensors to be equal within a tolerance. At 0 they must be equal bit for bit, except for NaN
 * payloads.
 */
export const expectClose = (
  got: readonly Tensor[],
  want: readonly Tensor[],
  tolerance: number,
  what: () => string,
): void => {
  expect(got.length).toBe(want.length);
  got.forEach((x, n) => {
    const y = want[n] as Tensor;
    expect([x.dtype, x.shape]).toEqual([y.dtype, y.shape]);
    const [a, b] = [Array.from(x.toTypedArray()), Array.from(y.toTypedArray())];
    // Rounding errors are proportional to the largest added numbers.
    const scale = b.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1e-30);
    const wrong = a.findIndex((u, i) => {
      const v = b[i] as number;
      return !(Object.is(u, v) || Math.abs(u - v) <= tolerance * scale);
    });
    if (wrong >= 0)
      expect.fail(`output ${n} [${x.shape}] at ${wrong}: ${a[wrong]}, not ${b[wrong]}\n${what()}`);
  });
};

/** Expects the results of the reference evaluation from a program on wasm. */
export const expectAgreement = (p: Program, inputs: readonly Tensor[], tolerance = 0): void => {
  const before = inputs.map((x) => x.toTypedArray());
  const want = run(p, inputs);
  const got = compiled(p).run(inputs);
  expectClose(got, want, tolerance, () => printProgram(p));
  inputs.forEach((x, i) => {
    expect(x.toTypedArray()).toEqual(before[i]);
  });
};
