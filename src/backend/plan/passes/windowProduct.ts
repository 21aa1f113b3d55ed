import { apply, apply1 } from "../../../ir/build.ts";
import type { AnyNode, DotParams, Expr, Node } from "../../../ir/expr.ts";
import { sum } from "../../../ir/ops/reduction.ts";
import { pad, reshape, reverse, transpose } from "../../../ir/ops/structural.ts";
import { slidingWindow } from "../../../ir/ops/window.ts";
import { at } from "../../../tensor/shape.ts";

/**
 * Recognizes products that are added up over windows, such as the gradient of a convolution by its input. One factor is
 * the same for all elements of a window, the other is the same for all windows.
 */

/** The axes of an expression that count windows, the axes within a window for each, and how windows are laid out. */
export interface Spread {
  readonly places: readonly number[];
  readonly inside: readonly number[];
  readonly size: readonly number[];
  readonly dilation: readonly number[];
  /** Zeros before and after each axis of windows, so that all terms of an element are in one window. */
  readonly widths: readonly (readonly [low: number, high: number])[];
}

/** The same layout for an operand whose axes `axisOf` finds; `undefined` if it lacks one of them. */
const spreadOf = (
  spread: Spread,
  axisOf: (axis: number) => number | undefined,
): Spread | undefined => {
  const [places, inside] = [spread.places.map(axisOf), spread.inside.map(axisOf)];
  return places.includes(undefined) || inside.includes(undefined)
    ? undefined
    : { ...spread, places: places as readonly number[], inside: inside as readonly number[] }; // none is missing
};

/** The shape that the result has when every element has a window. */
const grown = (shape: readonly number[], { places, size, dilation, widths }: Spread) =>
  shape.map((n, a) => {
    const i = places.indexOf(a);
    const [low, high] = widths[i] ?? [0, 0];
    return i < 0 ? n : n + low + high - (at(size, i) - 1) * at(dilation, i);
  });

/** Whether a factor repeats its elements along `axes`. */
const repeats = ({ node }: Expr, axes: readonly number[]): boolean =>
  node.primitive === "broadcast" && axes.every((a) => !node.params.axes.includes(a));

/** All windows of a padded operand that slide along `slides`; their axes come last. */
const windowsAt = (
  x: Expr,
  slides: readonly number[],
  { widths, size, dilation }: Spread,
): Expr => {
  const around = x.shape.map((_, a) => widths[slides.indexOf(a)] ?? ([0, 0] as const));
  const isPadded = around.some(([low, high]) => low + high > 0);
  return slidingWindow(isPadded ? pad(x, around) : x, { axes: slides, size, dilation });
};

/** The factor that all elements of a window share, as one element for each window. */
const windowFactor = (x: Expr, spread: Spread): Expr | undefined => {
  const { node } = x;
  if (node.primitive !== "broadcast") return undefined;
  const [source] = node.inputs as readonly [Expr];
  const { axes } = node.params;
  const slides = spread.places.map((a) => axes.indexOf(a));
  if (slides.includes(-1)) return undefined;
  const windows = windowsAt(source, slides, spread);
  const target = [...axes, ...spread.inside];
  const order = target.map((_, i) => i).sort((i, j) => at(target, i) - at(target, j));
  return apply1(
    "broadcast",
    { shape: grown(x.shape, spread), axes: order.map((i) => at(target, i)) },
    transpose(windows, order),
  );
};

/** The factor that all windows share, flipped. */
const sharedFactor = (x: Expr, spread: Spread): Expr | undefined => {
  const { node } = x;
  if (node.primitive !== "broadcast") return undefined;
  const { axes } = node.params;
  const turned = spread.inside.map((a) => axes.indexOf(a));
  if (turned.includes(-1)) return undefined;
  const source = reverse(node.inputs[0] as Expr, turned);
  return apply1("broadcast", { shape: grown(x.shape, spread), axes }, source);
};

/** The product summed over the axes within a window, and over `more`. */
const productOf = (
  node: AnyNode,
  spread: Spread,
  more: readonly number[] = [],
): Expr | undefined => {
  const [a, b] = node.inputs as readonly [Expr, Expr];
  const [places, inside] = repeats(a, spread.inside) ? [a, b] : [b, a];
  if (!repeats(places, spread.inside) || !repeats(inside, spread.places)) return undefined;
  const [x, y] = [windowFactor(places, spread), sharedFactor(inside, spread)];
  if (x === undefined || y === undefined) return undefined;
  return sum(apply("mul", {}, [x, y], node.path)[0] as Expr, [...spread.inside, ...more]);
};

/** Minimum columns of a matrix product, one per vector lane. With fewer, adding up windows is faster. */
const fewestColumns = 4;

/** A matrix product that also sums over the axes within a window, which become columns of its right operand. */
const dotOf = (node: Node<"dot">, spread: Spread): Expr | undefined => {
  const { batch, contract } = node.params;
  const [x, kernel] = node.inputs as readonly [Expr, Expr];
  const free = (of: Expr, side: 0 | 1): readonly number[] =>
    of.shape.flatMap((_, a) => ([...batch[side], ...contract[side]].includes(a) ? [] : [a]));
  const [freeX, freeK] = [free(x, 0), free(kernel, 1)];
  const shared = batch[0].length;
  const slides = spread.places.map((a) => freeX[a - shared] ?? -1);
  const inside = spread.inside.map((a) => freeK[a - shared - freeX.length] ?? -1);
  if (slides.includes(-1) || inside.includes(-1)) return undefined;
  const columns = freeK.reduce((n, a) => (inside.includes(a) ? n : n * at(kernel.shape, a)), 1);
  if (columns < fewestColumns) return undefined;
  const sums: DotParams["contract"] = [
    [...inside.map((_, i) => x.shape.length + i), ...contract[0]],
    [...inside, ...contract[1]],
  ];
  const operands = [windowsAt(x, slides, spread), reverse(kernel, inside)];
  return apply("dot", { contract: sums, batch }, operands, node.path)[0];
};

/** The axes that a reshape keeps: for each axis of `to`, that of `from`. */
const keptAxes = (from: readonly number[], to: readonly number[]): ReadonlyMap<number, number> => {
  const kept = new Map<number, number>();
  const real = (shape: readonly number[]) => shape.flatMap((n, a) => (n === 1 ? [] : [a]));
  const [old, now] = [real(from), real(to)];
  // Axes are matched in groups of equal extent.
  for (let i = 0, j = 0; i < old.length && j < now.length; ) {
    const [a, b] = [at(old, i++), at(now, j++)];
    let [m, n] = [at(from, a), at(to, b)];
    if (m === n) kept.set(b, a);
    while (m !== n)
      if (m < n) m *= at(from, at(old, i++));
      else n *= at(to, at(now, j++));
  }
  return kept;
};

/** The axes that remain when those within a window are summed. */
const outside = ({ shape }: Expr, { inside }: Spread): readonly number[] =>
  shape.flatMap((_, a) => (inside.includes(a) ? [] : [a]));

/**
 * The result of adding up the windows of `x`: at each element, the sum of all terms that belong to it. The axes
 * `inside` are gone. `undefined` if `x` is no such product.
 */
export const gathered = (x: Expr, spread: Spread): Expr | undefined => {
  const { node } = x;
  const [inner] = node.inputs;
  if (inner === undefined) return undefined;
  switch (node.primitive) {
    case "mul":
      return productOf(node, spread);
    case "dot":
      return dotOf(node, spread);
    case "transpose": {
      const { permutation } = node.params;
      const before = spreadOf(spread, (a) => permutation[a]);
      const made = before && gathered(inner, before);
      if (before === undefined || made === undefined) return undefined;
      const left = outside(inner, before);
      return transpose(
        made,
        outside(x, spread).map((a) => left.indexOf(at(permutation, a))),
      );
    }
    case "reshape": {
      const kept = keptAxes(inner.shape, x.shape);
      const before = spreadOf(spread, (a) => kept.get(a));
      const made = before && gathered(inner, before);
      const shape = grown(x.shape, spread);
      return (
        made &&
        reshape(
          made,
          outside(x, spread).map((a) => at(shape, a)),
        )
      );
    }
    case "reduce": {
      const { kind, axes } = node.params;
      const kept = inner.shape.flatMap((_, a) => (axes.includes(a) ? [] : [a]));
      const before = kind === "sum" ? spreadOf(spread, (a) => kept[a]) : undefined;
      if (before !== undefined && inner.node.primitive === "mul")
        return productOf(inner.node, before, axes);
      const made = before && gathered(inner, before);
      if (before === undefined || made === undefined) return undefined;
      const left = outside(inner, before);
      return sum(
        made,
        axes.map((a) => left.indexOf(a)),
      );
    }
    default:
      return undefined;
  }
};
