import * as Effect from "effect/Effect";
import type { BackendUnavailable, CompileError, MemoryLimit } from "../errors.ts";
import { parameter } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import { lift } from "../ir/ops/promote.ts";
import { program } from "../ir/program.ts";
import type { Operand } from "../ir/types/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten, unflatten } from "../tree.ts";
import { Backend, type CompileOptions } from "./backend.ts";

/** A tree of expressions as the tree of tensors that it stands for. */
export type Concrete<T> =
  T extends Expr<infer S extends Shape>
    ? Tensor<S>
    : T extends readonly unknown[] | { readonly [key: string]: unknown }
      ? { readonly [K in keyof T]: Concrete<T[K]> }
      : T;

/**
 * A symbolic function as a function of tensors, compiled for the shapes and dtypes of the `examples`.
 *
 * **Fails with** `CompileError` with every mistake in the function, `BackendUnavailable`, `MemoryLimit`.
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
  examples: { readonly [K in keyof A]: Concrete<A[K]> },
  options?: CompileOptions,
): Effect.Effect<
  (...args: { readonly [K in keyof A]: Concrete<A[K]> }) => Concrete<B>,
  CompileError | BackendUnavailable | MemoryLimit,
  Backend
> => {
  const { leaves, shape } = flatten(examples);
  // The leaves of a tree of tensors are tensors, and what f returns has the structure of a B.
  const tensors = leaves as readonly Tensor[];
  const inputs = tensors.map(parameter);
  const made = flatten(f(...(unflatten(shape, inputs) as A)));
  const outputs = made.leaves.map((x) => lift(x as Operand));
  return Effect.flatMap(Backend, (backend) =>
    Effect.map(
      backend.compile(program(inputs, outputs), options),
      (executable) =>
        (...args) =>
          unflatten(
            made.shape,
            executable.run(flatten(args).leaves as readonly Tensor[]),
          ) as Concrete<B>,
    ),
  );
};
