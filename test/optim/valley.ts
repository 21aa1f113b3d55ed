import * as Effect from "effect/Effect";
import { grad, ReverseMode } from "../../src/autodiff/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mul, sin, square, sub } from "../../src/ir/ops/elementwise.ts";
import { index } from "../../src/ir/ops/structural.ts";
import { program } from "../../src/ir/program.ts";
import {
  applyUpdates,
  type Exprs,
  type GradientTransformation,
} from "../../src/optim/transformation.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, type Tree, unflatten } from "../../src/tree.ts";

/** `(1-x)² + 5(y-x²)² + 0.1 sin(3z) + z²`, the function that the golden trajectories minimize. */
export const valley = (p: Expr): Expr<readonly []> => {
  const [x, y, z] = [index(p, 0), index(p, 1), index(p, 2)];
  const banana = add(square(sub(1, x)), mul(square(sub(y, square(x))), 5));
  return add(add(banana, mul(sin(mul(z, 3)), 0.1)), square(z)) as Expr<readonly []>;
};

type Loss = (params: Exprs) => Expr<readonly []>;

/** The params after each of several steps, by a program of one step. Those of a tree follow one another. */
export const trajectory = (
  optimizer: GradientTransformation,
  start: Tree<Tensor>,
  steps: number,
  loss: Loss = valley as Loss,
): readonly (readonly number[])[] => {
  const gradient = Effect.runSync(Effect.provide(grad(loss), ReverseMode.layerTape));
  const count = flatten(start).leaves.length;
  const { leaves, shape } = flatten([start, optimizer.init(start)]);
  const inputs = leaves.map((leaf) => parameter(leaf as Tensor));
  const [params, state] = unflatten(shape, inputs) as readonly [Exprs, Tree<Expr>];
  const at = (other: Exprs) => ({
    value: loss(other),
    gradient: gradient(other),
  });
  const minimized = { value: loss(params), at };
  const made = optimizer.update(gradient(params), state, params, undefined, minimized);
  const next: Exprs = [applyUpdates(params, made.updates), made.state];
  const step = program(inputs, flatten(next).leaves);
  let values = leaves;
  return Array.from({ length: steps }, () => {
    values = run(step, values);
    return values.slice(0, count).flatMap((leaf) => [...(leaf as Tensor).toTypedArray()]);
  });
};

/** Whether a trajectory is within its tolerance: relative, and absolute near 0. */
export const near = (actual: number | undefined, expected: number): boolean =>
  Math.abs((actual ?? Number.NaN) - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
