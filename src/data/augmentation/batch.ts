import { vmap } from "../../autodiff/index.ts";
import { DtypeMismatch, InvalidArgument, type Issue, ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, clip, floor, ge, lt, mul, sqrt, sub } from "../../ir/ops/elementwise.ts";
import { iota, take } from "../../ir/ops/indexing.ts";
import { type KeyExpr, permutation, randomBits, splitKey } from "../../ir/ops/random.ts";
import { expandDims, reshape } from "../../ir/ops/structural.ts";
import { scoped } from "../../ir/trace.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { holding } from "../../tensor/validate.ts";
import { symmetricBeta } from "./beta.ts";
import { type Augmentation, below } from "./example.ts";

/** The columns of a batch, each with the examples along the leading axis. */
export type BatchColumns = { readonly [column: string]: Expr };

/**
 * A random change of a whole batch, which may mix examples with one another: a pure function of the columns and a key.
 * It keeps the shape and dtype of every column. It is part of the compiled step.
 */
export type BatchAugmentation = <B extends BatchColumns>(batch: B, key: KeyExpr) => B;

/** The options of mixing: which columns, and how much. */
export interface MixOptions {
  /** The columns of inputs, of a float dtype. */
  readonly inputs: readonly string[];
  /**
   * The columns of targets, of a float dtype, such as one-hot vectors for classes. They are mixed in the same
   * proportion.
   */
  readonly targets: readonly string[];
  /** The parameter of the beta distribution of the proportion: small for little mixing, 1 for a uniform proportion. */
  readonly alpha?: number;
  /** Whether all examples of a batch share one proportion, or each has its own. Defaults to `"batch"`. */
  readonly per?: "batch" | "example";
}

const missing = (op: string, column: string, known: readonly string[]): ShapeMismatch =>
  new ShapeMismatch({
    op,
    expected: `the column "${column}" among those of the batch: ${known.join(", ")}`,
    actual: [],
    path: [],
  });

/** The mistake in a column that is to be mixed, if there is one. */
const mistakeIn = (
  op: string,
  column: string,
  x: Expr | undefined,
  known: readonly string[],
  axes: number,
): DtypeMismatch | ShapeMismatch | undefined => {
  if (x === undefined) return missing(op, column, known);
  if (!isFloat(x.dtype))
    return new DtypeMismatch({
      op,
      expected: `floats in the column "${column}": scaled inputs, and one-hot vectors for classes`,
      actual: [x.dtype],
      path: [],
    });
  return x.shape.length >= axes
    ? undefined
    : new ShapeMismatch({
        op,
        expected: `at least ${axes} axes in the column "${column}", the examples first`,
        actual: [x.shape],
        path: [],
      });
};

/** Changes columns of a batch by `change`; columns with mistakes become issues that name them. */
const changing = (
  op: string,
  columns: readonly string[],
  least: (column: string) => number,
  change: (xs: readonly Expr[], key: KeyExpr) => readonly Expr[],
): BatchAugmentation => {
  if (columns.length === 0)
    throw new InvalidArgument({
      op,
      argument: "inputs",
      expected: "at least one column",
      actual: "none",
    });
  return (batch, key) => {
    const known = Object.keys(batch);
    const issue = columns
      .map((column) => mistakeIn(op, column, batch[column], known, least(column)))
      .find((found) => found !== undefined);
    if (issue !== undefined) return refused(op, issue, batch);
    const xs = columns.map((column) => batch[column] as Expr);
    const made = scoped(op, [...xs, key], change(xs, key));
    // Each column keeps its type.
    return { ...batch, ...Object.fromEntries(columns.map((column, i) => [column, made[i]])) };
  };
};

/** Reports an issue from every column of a batch, so that a program that uses any of them reports it. */
const refused = <B extends BatchColumns>(op: string, issue: Issue, batch: B): B => {
  const all = Object.values(batch);
  const made = scoped(op, all, refuse(issue, all, all));
  return {
    ...batch,
    ...Object.fromEntries(Object.keys(batch).map((column, i) => [column, made[i]])),
  };
};

/** Reshapes one number per example so that it broadcasts against `x`. */
const against = (numbers: Expr, x: Expr): Expr =>
  reshape(numbers, [numbers.shape[0] ?? 1, ...x.shape.slice(1).map(() => 1)]);

const mixed = (x: Expr, partner: Expr, share: Expr): Expr => {
  const own = cast(against(share, x), x.dtype);
  return add(mul(own, x), mul(sub(1, own), partner));
};

const proportions = holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n));

const optionsOf = (op: string, { inputs, targets, alpha, per = "batch" }: MixOptions) => {
  proportions(op, { alpha });
  if (per !== "batch" && per !== "example")
    throw new InvalidArgument({
      op,
      argument: "per",
      expected: '"batch" or "example"',
      actual: String(per),
    });
  return { columns: [...inputs, ...targets], per };
};

/**
 * Mixes each example with another one of the batch, inputs and targets alike: a mixture of inputs should give the
 * mixture of their targets.
 *
 * **Math** `x' = λ x + (1 - λ) x_π`, `y' = λ y + (1 - λ) y_π`, with `λ ~ Beta(α, α)` and a random permutation `π`.
 * `alpha` defaults to 0.2.
 * **Shapes** columns `[batch, …]` of floats, unchanged.
 * **Fails with** `InvalidArgument`, thrown, where `alpha` is not a finite number above 0 or no column is named; when compiled with
 * `ShapeMismatch` where a column is not there, `DtypeMismatch` where it holds no floats.
 * **Laws** `laws.batchAugmentation`.
 * **Source** Zhang, Cisse, Dauphin and Lopez-Paz (2018), arXiv:1710.09412.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, key, tensor } from "fluxion";
 * import { mixup } from "fluxion/data";
 * const mix = mixup({ inputs: ["x"], targets: ["y"] });
 * const x = tensor([[1, 0], [0, 1]]);
 * const f = (x: Expr, k: Expr<readonly [2]>) => mix({ x, y: x }, k).y;
 * const mixed = Effect.runSync(Effect.provide(compile(f, [x, key(0)]), Backend.layerReference));
 * mixed(x, key(0)).shape // => [2, 2]
 * ```
 */
export const mixup = (options: MixOptions): BatchAugmentation => {
  const { alpha = 0.2 } = options;
  const { columns, per } = optionsOf("mixup", options);
  return changing(
    "mixup",
    columns,
    () => 1,
    (xs, key) => {
      const [forShare, forPartners] = splitKey(key, 2);
      const n = xs[0]?.shape[0] ?? 1;
      const share = symmetricBeta(forShare, alpha, [per === "batch" ? 1 : n]);
      const partners = permutation(forPartners, n);
      return xs.map((x) => mixed(x, take(x, partners), share));
    },
  );
};

/**
 * Whether the positions along an axis of `extent` are from `first` up to but not including `end`, for several boxes.
 */
const between = (extent: number, first: Expr, end: Expr): Expr => {
  const place = expandDims(iota([extent]), 0);
  return and(ge(place, expandDims(first, 1)), lt(place, expandDims(end, 1)));
};

/**
 * Pastes a box of another image of the batch into each image, and mixes targets in proportion to the visible areas.
 *
 * **Math** The box has sides `⌊W √(1 - λ)⌋` and `⌊H √(1 - λ)⌋` with `λ ~ Beta(α, α)` and its center anywhere; what is
 * beyond the edge is cut off. `y' = (1 - a) y + a y_π` for the share `a` of the area of the box. `alpha` defaults to 1.
 * **Shapes** inputs `[batch, height, width, …]`, targets `[batch, …]`, floats, unchanged.
 * **Fails with** as {@link mixup}; `ShapeMismatch`, when compiled, where inputs have fewer than three axes.
 * **Laws** `laws.batchAugmentation`.
 * **Source** Yun et al. (2019), arXiv:1905.04899, section 3.
 */
export const cutmix = (options: MixOptions): BatchAugmentation => {
  const { alpha = 1, inputs } = options;
  const { columns, per } = optionsOf("cutmix", options);
  const least = (column: string): number => (inputs.includes(column) ? 3 : 1);
  return changing("cutmix", columns, least, (xs, key) => {
    const [forShare, forPartners, forRow, forColumn] = splitKey(key, 4);
    const images = xs.slice(0, inputs.length);
    const [n = 1, height = 1, width = 1] = images[0]?.shape ?? [];
    const boxes = per === "batch" ? 1 : n;
    const partners = permutation(forPartners, n);
    const side: Expr = sqrt(sub(1, symmetricBeta(forShare, alpha, [boxes])));
    /** The two ends of the box along an axis, clipped at the edges. */
    const ends = (own: KeyExpr, extent: number): readonly [Expr, Expr] => {
      const half = floor(mul(floor(mul(side, extent)), 0.5));
      const center = below(own, extent, [boxes]);
      return [clip(sub(center, half), 0, extent), clip(add(center, half), 0, extent)];
    };
    const [top, bottom] = ends(forRow, height);
    const [left, right] = ends(forColumn, width);
    const area: Expr = mul(sub(bottom, top), sub(right, left));
    const kept: Expr = sub(1, mul(area, 1 / (height * width)));
    const rows = between(height, cast(top, "i32"), cast(bottom, "i32"));
    const across = between(width, cast(left, "i32"), cast(right, "i32"));
    const pasted = images.map((x) => {
      const others = x.shape.slice(3).map(() => 1);
      const inside = and(
        reshape(rows, [boxes, height, 1, ...others]),
        reshape(across, [boxes, 1, width, ...others]),
      );
      return where(inside, take(x, partners), x);
    });
    const labels = xs.slice(inputs.length).map((y) => mixed(y, take(y, partners), kept));
    return [...pasted, ...labels];
  });
};

/** Applies an augmentation of one example to a column of a batch, with a key for each example. */
export const eachExample =
  (column: string, change: Augmentation): BatchAugmentation =>
  (batch, key) => {
    const x = batch[column];
    if (x === undefined)
      return refused("eachExample", missing("eachExample", column, Object.keys(batch)), batch);
    const keys = randomBits(key, [x.shape[0] ?? 1, 2]);
    return { ...batch, [column]: vmap((one: Expr, own: KeyExpr) => change(one, own))(x, keys) };
  };

/** Composes augmentations of batches, each with its own key. */
export const batchAugmentations =
  (...changes: readonly BatchAugmentation[]): BatchAugmentation =>
  (batch, key) => {
    const keys = splitKey(key, changes.length);
    return changes.reduce((columns, change, i) => change(columns, nth(keys, i)), batch);
  };
