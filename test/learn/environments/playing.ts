import * as Effect from "effect/Effect";
import { scan } from "../../../src/autodiff/index.ts";
import { Backend, compile } from "../../../src/backend/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import type { Environment } from "../../../src/learn/environments/index.ts";
import { scalar, stackTensors } from "../../../src/tensor/constructors.ts";
import { key, split } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { map } from "../../../src/tree.ts";

/** Compiles a function of trees for WebAssembly and calls it. */
export const ran = (f: (...args: readonly never[]) => unknown, ...args: readonly unknown[]) =>
  Effect.runSync(
    Effect.scoped(
      Effect.provide(
        Effect.gen(function* () {
          const executable = yield* compile(f as (...xs: readonly unknown[]) => unknown, args);
          return executable(...args);
        }),
        Backend.layerWasmWith({ threads: 1 }),
      ),
    ),
  );

/** A state of plain numbers. */
export type Numbers = { readonly [name: string]: number };

/** One step in plain numbers. */
export interface Played {
  readonly before: Numbers;
  readonly action: number;
  readonly after: Numbers;
  readonly observation: readonly number[];
  readonly reward: number;
  readonly done: boolean;
  readonly truncated: boolean;
}

/**
 * Plays actions from a state whose leaves are f32 scalars, without resets. The actions are i32 scalars, or f32 `[1]`.
 */
export const played = (
  environment: Environment,
  start: Numbers,
  actions: readonly number[],
  dtype: "f32" | "i32" = "f32",
): readonly Played[] => {
  const { kind } = environment.actions;
  const taken = actions.map((a) => scalar(a, kind === "discrete" ? "i32" : "f32"));
  const made = ran(
    (state: unknown, xs: Expr, keys: KeyExpr) =>
      scan<unknown, readonly [Expr, KeyExpr], unknown>(
        (before, [action, own]) => {
          const after = environment.step(before, action, own);
          return [after.state, { before, action, after }];
        },
        state,
        [xs, keys],
      )[1],
    map((x: number) => scalar(x, dtype), start),
    stackTensors(taken),
    stackTensors(split(key(1), actions.length)),
  );
  const steps = made as {
    readonly before: { readonly [name: string]: Tensor };
    readonly after: { readonly state: { readonly [name: string]: Tensor } } & Record<
      "observation" | "reward" | "done" | "truncated",
      Tensor
    >;
  };
  const at = (x: Tensor, i: number): readonly number[] => {
    const size = x.size / actions.length;
    return Array.from(x.toTypedArray().slice(i * size, (i + 1) * size));
  };
  const numbers = (tree: { readonly [name: string]: Tensor }, i: number): Numbers =>
    Object.fromEntries(Object.entries(tree).map(([name, x]) => [name, at(x, i)[0] as number]));
  return actions.map((action, i) => ({
    before: numbers(steps.before, i),
    action,
    after: numbers(steps.after.state, i),
    observation: at(steps.after.observation, i),
    reward: at(steps.after.reward, i)[0] as number,
    done: at(steps.after.done, i)[0] === 1,
    truncated: at(steps.after.truncated, i)[0] === 1,
  }));
};

/** Pseudo-random numbers from 0 to less than 1, the same each time: a linear congruential generator. */
export const drawn = (count: number, seed = 1): readonly number[] => {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  });
};
