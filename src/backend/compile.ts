import * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import { parameter } from "../ir/build.ts";
import { program } from "../ir/program.ts";
import { type Concrete, flattenExprs, shapeFor, treeOf } from "../ir/trees.ts";
import { leavesLike, type NameOf, tensorsOf } from "./arguments.ts";
import {
  Backend,
  type CompileOptions,
  type Executable,
  SyncBackend,
  type Tensors,
} from "./backend.ts";
import { answer, type RunFailure } from "./later.ts";

/** The types of values for the arguments of a symbolic function. */
export type Values<A extends readonly unknown[]> = { readonly [K in keyof A]: Concrete<A[K]> };

/** The names for errors: of the compilation and its examples, and of the compiled function and its arguments. */
interface Named {
  readonly op: string;
  readonly called: string;
  readonly example: NameOf;
  readonly argument?: NameOf;
}

const namesOf = ({ name }: { readonly name: string }): Named => ({
  op: "compile",
  called: name === "" ? "the compiled function" : name,
  example: (i) => `example ${i + 1}`,
});

/**
 * Traces a symbolic function into a program, with conversions from trees of tensors to its inputs and from its outputs
 * to a tree.
 */
export const traced = <A extends readonly unknown[], B>(
  f: (...args: A) => B,
  examples: Values<A>,
  { op, called, example, argument }: Named = namesOf(f),
) => {
  const { leaves, shape } = tensorsOf(op, examples, example);
  const inputs = leaves.map(parameter);
  const made = flattenExprs(f(...treeOf(shapeFor<A>(shape), inputs)));
  const result = shapeFor<Concrete<B>>(made.shape);
  return {
    program: program(inputs, made.leaves),
    inputsOf: (args: Values<A>) => leavesLike(called, { shape, types: inputs }, args, argument),
    resultOf: (outputs: Tensors) => treeOf(result, outputs),
  };
};

/**
 * Compiles a symbolic function to a function of tensors, for the shapes and dtypes of the `examples`.
 *
 * The function returns its results, so the backend must answer at once: `SyncBackend`, which `Backend.layerWasm` and
 * `Backend.layerReference` provide. See {@link compileLater} for other backends.
 *
 * **Fails with** `CompileError` with every mistake in the function, `BackendUnavailable`, `MemoryLimit`. The compiled
 * function fails with `ShapeMismatch`, `DtypeMismatch` and `InvalidArgument`, thrown, for arguments that differ from
 * the examples; each names the argument and the path in its tree.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, grad, ReverseMode, tensor } from "fluxion";
 * import { mul, sum } from "fluxion/ops";
 *
 * const x = tensor([1, 2, 3]);
 * const program = Effect.gen(function* () {
 *   const gradient = yield* grad((v: Expr<readonly [3]>) => sum(mul(v, v)));
 *   const df = yield* compile(gradient, [x]);
 *   return df(x);
 * });
 * Effect.runSync(Effect.provide(program, [ReverseMode.layerTape, Backend.layerWasm])).toArray() // => [2, 4, 6]
 * ```
 */
export const compile = <A extends readonly unknown[], B>(
  f: (...args: A) => B,
  examples: Values<A>,
  options?: CompileOptions,
): Effect.Effect<
  (...args: Values<A>) => Concrete<B>,
  CompileError | BackendUnavailable | MemoryLimit,
  SyncBackend
> => {
  const { program, inputsOf, resultOf } = traced(f, examples);
  return Effect.flatMap(SyncBackend, (backend) =>
    Effect.map(
      backend.compile(program, options),
      ({ run }) =>
        (...args) =>
          resultOf(run(inputsOf(args))),
    ),
  );
};

/** Runs a traced function. Invalid arguments throw at once; the results may come later. */
export const answering =
  <A extends readonly unknown[], B>(
    { run }: Executable,
    { inputsOf, resultOf }: Omit<ReturnType<typeof traced<A, B>>, "program">,
  ) =>
  (...args: Values<A>): Effect.Effect<Concrete<B>, RunFailure> => {
    const inputs = inputsOf(args);
    return Effect.map(
      answer(() => run(inputs)),
      resultOf,
    );
  };

/**
 * {@link compile} for every backend, including those that answer later: the function returns an Effect that waits for
 * the results.
 *
 * **Fails with** `CompileError` with every mistake in the function, `BackendUnavailable`, `MemoryLimit`; a call with
 * `WorkerLost`, `MemoryLimit`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, type Expr, tensor } from "fluxion";
 * import { compileLater } from "fluxion/backend";
 * import { mul } from "fluxion/ops";
 *
 * const x = tensor([1, 2, 3]);
 * const program = Effect.gen(function* () {
 *   const square = yield* compileLater((v: Expr<readonly [3]>) => mul(v, v), [x]);
 *   return yield* square(x);
 * });
 * const y = await Effect.runPromise(Effect.provide(program, Backend.layerWasm));
 * y.toArray() // => [1, 4, 9]
 * ```
 */
export const compileLater = <A extends readonly unknown[], B>(
  f: (...args: A) => B,
  examples: Values<A>,
  options?: CompileOptions,
): Effect.Effect<
  (...args: Values<A>) => Effect.Effect<Concrete<B>, RunFailure>,
  CompileError | BackendUnavailable | MemoryLimit,
  Backend
> => {
  const made = traced(f, examples);
  return Effect.flatMap(Backend, (backend) =>
    Effect.map(backend.compile(made.program, options), (executable) => answering(executable, made)),
  );
};
