import { InvalidArgument } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { add, and, ge, lt, mul, sub } from "../ir/ops/elementwise.ts";
import { iota, take } from "../ir/ops/indexed.ts";
import { bernoulli, type KeyExpr, splitKey, uniform } from "../ir/ops/random.ts";
import { reshape, reverse } from "../ir/ops/structural.ts";
import { scoped } from "../ir/trace.ts";

/**
 * A random change of one example's input that leaves what it stands for, as a pure function of the input
 * and a key: what `withAugmentation` takes. It is part of the compiled step, and one seed gives one run.
 */
export type Augmentation = (input: Expr, key: KeyExpr) => Expr;

/** What an augmentation makes carries its name, so that a mistake in it is reported by that. */
const augmentation =
  (name: string, change: Augmentation): Augmentation =>
  (input, key) =>
    scoped(name, [input, key], [change(input, key)])[0] as Expr;

const checked = (
  op: string,
  argument: string,
  value: number,
  holds: boolean,
  expected: string,
): void => {
  if (!holds) throw new InvalidArgument({ op, argument, expected, actual: String(value) });
};

/** A whole number from 0 to `n - 1`, each as likely as any other to within 2⁻²⁴. */
const below = (key: KeyExpr, n: number): Expr => cast(mul(uniform(key, []), n), "i32") as Expr;

/** Which axes of an image `[height, width, channels]` are places. */
const places = [0, 1] as const;

/**
 * Mirrors an image left to right, half of the time.
 *
 * **Shapes** `[height, width, channels]`; with other axes, anything that has them.
 * **Fails with** `InvalidArgument`, thrown, where `probability` is none; `ShapeMismatch` when compiled, where the
 * input has no such axis.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, key, randomFlip, tensor, vmap } from "fluxion";
 * const row = tensor([[[1], [2], [3]]]);
 * const flip = randomFlip({ probability: 1 });
 * const flipped = Effect.runSync(Effect.provide(compile(flip, [row, key(0)]), Backend.layerWasm));
 * flipped(row, key(0)).toArray() // => [[[3], [2], [1]]]
 * ```
 */
export const randomFlip = ({
  axis = 1,
  probability = 0.5,
}: {
  readonly axis?: number;
  readonly probability?: number;
} = {}): Augmentation => {
  const holds = probability >= 0 && probability <= 1;
  checked("randomFlip", "probability", probability, holds, "a probability, from 0 to 1");
  return augmentation("randomFlip", (input, key) =>
    where(bernoulli(key, probability, []), reverse(input, [axis]), input),
  );
};

/**
 * A window of an image's own size out of the image with `padding` zeros around it: the image moved by up
 * to `padding` along both of its axes.
 *
 * **Shapes** `[height, width, channels]`.
 * **Fails with** `InvalidArgument`, thrown, where `padding` is no whole number or negative; `ShapeMismatch` when
 * compiled, where the input has fewer than two axes.
 * **Source** He et al. (2015), arXiv:1512.03385, section 4.2: padding 4, together with {@link randomFlip}.
 */
export const randomCrop = (padding: number): Augmentation => {
  const holds = Number.isSafeInteger(padding) && padding >= 0;
  checked("randomCrop", "padding", padding, holds, "a whole number of pixels, 0 or more");
  return augmentation("randomCrop", (input, key) => {
    const keys = splitKey(key, places.length);
    return places.reduce<Expr>((image, axis) => {
      const moved = sub(below(keys[axis] as KeyExpr, 2 * padding + 1), padding) as Expr;
      // An index beyond the image reads zeros.
      return take(image, add(iota([input.shape[axis] ?? 0]), moved) as Expr, axis);
    }, input);
  });
};

/**
 * Zeros in a square of an image, whose centre is anywhere in the image: what is beyond the edge is cut off.
 *
 * **Shapes** `[height, width, channels]`.
 * **Fails with** `InvalidArgument`, thrown, where `size` is no whole number or not positive.
 * **Source** DeVries and Taylor (2017), arXiv:1708.04552.
 */
export const cutout = (size: number): Augmentation => {
  const holds = Number.isSafeInteger(size) && size > 0;
  checked("cutout", "size", size, holds, "a whole number of pixels, 1 or more");
  return augmentation("cutout", (input, key) => {
    const keys = splitKey(key, places.length);
    const [rows, columns] = places.map((axis) => {
      const extent = input.shape[axis] ?? 0;
      const first = sub(below(keys[axis] as KeyExpr, extent), Math.floor(size / 2)) as Expr;
      const position = iota([extent]);
      const inside = and(
        ge(position, first) as Expr,
        lt(position, add(first, size) as Expr) as Expr,
      );
      // Along its own axis, and the same for all the others.
      return reshape(
        inside as Expr,
        input.shape.map((_, a) => (a === axis ? extent : 1)),
      ) as Expr;
    }) as [Expr, Expr];
    return where(and(rows, columns) as Expr, 0, input) as Expr;
  });
};

/** One augmentation after another, each with a key of its own. */
export const augmentations =
  (...changes: readonly Augmentation[]): Augmentation =>
  (input, key) => {
    const keys = splitKey(key, changes.length);
    return changes.reduce((x, change, i) => change(x, keys[i] as KeyExpr), input);
  };
