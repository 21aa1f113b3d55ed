import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, floor, ge, lt, minimum, mul, sub } from "../../ir/ops/elementwise.ts";
import { iota, take } from "../../ir/ops/indexing.ts";
import { axisIn } from "../../ir/ops/promote.ts";
import { bernoulli, type KeyExpr, splitKey, uniform } from "../../ir/ops/random.ts";
import { reshape, reverse } from "../../ir/ops/structural.ts";
import { scoped } from "../../ir/trace.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { each, nth } from "../../tensor/list.ts";
import type { Shape } from "../../tensor/shape.ts";
import { holding, probability as probabilities, whole } from "../../tensor/validate.ts";

/**
 * A random change of one example's input that keeps its meaning: a pure function of the input and a key, for
 * `withAugmentation`. It is part of the compiled step, and the same seed gives the same run.
 */
export type Augmentation = (input: Expr, key: KeyExpr) => Expr;

/** Names the nodes of an augmentation, so that mistakes in it are reported by that name. */
const augmentation =
  (name: string, change: Augmentation): Augmentation =>
  (input, key) =>
    scoped(name, [input, key], [change(input, key)])[0];

/**
 * Random whole numbers from 0 up to but not including `n`, as floats, uniform to within 2⁻²⁴. A product that rounds up
 * to `n` becomes `n - 1`.
 */
export const below = (key: KeyExpr, n: number | Expr, shape: Shape = []): Expr =>
  minimum(floor(mul(uniform(key, shape), n)), sub(n, 1));

const wholeBelow = (key: KeyExpr, n: number): Expr => cast(below(key, n), "i32");

const integer = holding("a whole number", Number.isSafeInteger);

/** The spatial axes of an image `[height, width, channels]`. */
const places = [0, 1] as const;

/** An image, or an issue where its height or width is too small. */
const atLeast = (image: Expr, least: number, op: string): Expr => {
  if (places.every((axis) => (image.shape[axis] ?? least) >= least)) return image;
  const expected = `an image of at least ${least} × ${least} pixels`;
  const issue = new ShapeMismatch({ op, expected, actual: [image.shape], path: [] });
  return refuse(issue, [image], [image])[0];
};

/**
 * Mirrors an image left to right with a given probability.
 *
 * **Shapes** `[height, width, channels]`; with another `axis`, any shape that has it.
 * **Fails with** `InvalidArgument`, thrown, where `probability` is not from 0 to 1 or `axis` is not a whole
 * number; `ShapeMismatch`
 * when compiled, where the input has no such axis.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, key, tensor, vmap } from "fluxion";
 * import { randomFlip } from "fluxion/data";
 * const row = tensor([[[1], [2], [3]]]);
 * const flip = randomFlip({ probability: 1 });
 * const flipped = Effect.runSync(Effect.provide(compile(flip, [row, key(0)]), Backend.layerReference));
 * flipped(row, key(0)).toArray() // => [[[3], [2], [1]]]
 * ```
 */
export const randomFlip = ({
  axis = 1,
  probability = 0.5,
}: {
  /** The axis to reverse. Defaults to 1, the width. */
  readonly axis?: number;
  /** The probability of a flip. Defaults to 0.5. */
  readonly probability?: number;
} = {}): Augmentation => {
  probabilities("randomFlip", { probability });
  integer("randomFlip", { axis });
  return augmentation("randomFlip", (given, key) => {
    const [input, a] = axisIn("randomFlip", given, axis);
    return where(bernoulli(key, probability, []), reverse(input, [a]), input);
  });
};

/**
 * Shifts an image at random by up to `padding` pixels along both axes, and fills with zeros. It is a random crop
 * of the padded image.
 *
 * **Shapes** `[height, width, channels]`.
 * **Fails with** `InvalidArgument`, thrown, where `padding` is negative or not a whole number; `ShapeMismatch`
 * when compiled, where the input has fewer than two axes, or at most `padding` pixels along one, since nothing
 * might be left.
 * **Source** He et al. (2015), arXiv:1512.03385, section 4.2: padding 4, together with {@link randomFlip}.
 */
export const randomCrop = (padding: number): Augmentation => {
  whole(0)("randomCrop", { padding });
  return augmentation("randomCrop", (given, key) => {
    const input = atLeast(given, padding + 1, "randomCrop");
    const keys = splitKey(key, places.length);
    return places.reduce<Expr>((image, axis) => {
      const moved = sub(wholeBelow(nth(keys, axis), 2 * padding + 1), padding);
      // An index beyond the image reads zeros.
      return take(image, add(iota([input.shape[axis] ?? 0]), moved), axis);
    }, input);
  });
};

/**
 * Cuts a square of a size out of an image, each place equally likely, so that a network of convolutions learns from parts of
 * images that are too large for it.
 *
 * **Shapes** `[height, width, channels] → [size, size, channels]`.
 * **Fails with** `InvalidArgument`, thrown, where `size` is not a whole number above 0; `ShapeMismatch` when
 * compiled, where the input has fewer than two axes, or fewer than `size` pixels along one.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, key, ones } from "fluxion";
 * import { randomPatch } from "fluxion/data";
 * const image = ones([32, 48, 3]);
 * const cut = Effect.runSync(Effect.provide(compile(randomPatch(16), [image, key(0)]), Backend.layerReference));
 * cut(image, key(0)).shape // => [16, 16, 3]
 * ```
 */
export const randomPatch = (size: number): Augmentation => {
  whole(1)("randomPatch", { size });
  return augmentation("randomPatch", (given, key) => {
    const input = atLeast(given, size, "randomPatch");
    const keys = splitKey(key, places.length);
    return places.reduce<Expr>((image, axis) => {
      const first = wholeBelow(nth(keys, axis), (input.shape[axis] ?? size) - size + 1);
      return take(image, add(iota([size]), first), axis);
    }, input);
  });
};

/**
 * Sets a random square of an image to zero. Its center may be anywhere in the image, and parts beyond the edge
 * are cut off.
 *
 * **Shapes** `[height, width, channels]`.
 * **Fails with** `InvalidArgument`, thrown, where `size` is not a whole number above 0; `ShapeMismatch` when
 * compiled, where the input has fewer than two axes, or fewer than `size` pixels along one.
 * **Source** DeVries and Taylor (2017), arXiv:1708.04552.
 */
export const cutout = (size: number): Augmentation => {
  whole(1)("cutout", { size });
  return augmentation("cutout", (given, key) => {
    const input = atLeast(given, size, "cutout");
    const keys = splitKey(key, places.length);
    const [rows, columns] = each(places, (axis): Expr => {
      const extent = input.shape[axis] ?? 0;
      const first: Expr = sub(wholeBelow(keys[axis], extent), Math.floor(size / 2));
      const position: Expr = iota([extent]);
      const inside: Expr = and(ge(position, first), lt(position, add(first, size)));
      // The mask varies along its own axis and broadcasts along the others.
      return reshape(
        inside,
        input.shape.map((_, a) => (a === axis ? extent : 1)),
      );
    });
    return where(and(rows, columns), 0, input);
  });
};

/** Composes augmentations, each with its own key. */
export const augmentations =
  (...changes: readonly Augmentation[]): Augmentation =>
  (input, key) => {
    const keys = splitKey(key, changes.length);
    return changes.reduce((x, change, i) => change(x, nth(keys, i)), input);
  };
