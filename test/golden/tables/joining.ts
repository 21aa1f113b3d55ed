import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { take } from "../../../src/ir/ops/indexing.ts";
import { broadcastTo } from "../../../src/ir/ops/promote.ts";
import {
  cartesianProduct,
  combinations,
  meshgrid,
  roll,
  tile,
} from "../../../src/ir/ops/rearrange.ts";
import { gather } from "../../../src/ir/ops/scatter.ts";
import {
  concatenate,
  expandDims,
  index,
  pad,
  reverse,
  sliceAxis,
  stack,
} from "../../../src/ir/ops/structural.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { normalAxis } from "../../../src/tensor/shape.ts";
import {
  arg,
  axesOf,
  type Call,
  inputOf,
  notHad,
  numbersOf,
  scalarOf,
  type Table,
  tensorOf,
  tensorsOf,
  type Value,
} from "../torch.ts";

import { atLeast, reshape, shapeOf, swapped, unary } from "./shapes.ts";

/** Joining, splitting, repeating and padding. */

const along = (x: Expr, at: readonly number[], axis: number): readonly Expr[] => {
  const extent = x.shape.at(axis) ?? 0;
  const held = at.map((p) => Math.min(Math.max(p < 0 ? p + extent : p, 0), extent));
  const bounds = [0, ...held, extent];
  return bounds
    .slice(1)
    .map((end, i) => sliceAxis(x, axis, bounds[i] as number, Math.max(end, bounds[i] as number)));
};
const ofSizes = (x: Expr, sizes: readonly number[], axis: number): readonly Expr[] => {
  const ends = sizes.reduce<readonly number[]>((e, n) => [...e, (e.at(-1) ?? 0) + n], []);
  return ends.map((end, i) => sliceAxis(x, axis, end - (sizes[i] as number), end));
};
const ofSize = (x: Expr, size: number, axis: number): readonly Expr[] => {
  const extent = x.shape.at(axis) ?? 0;
  const pieces = Math.max(1, Math.ceil(extent / size));
  return Array.from({ length: pieces }, (_, i) =>
    sliceAxis(x, axis, i * size, Math.min(extent, (i + 1) * size)),
  );
};
const inSections = (x: Expr, n: number, axis: number): readonly Expr[] => {
  const extent = x.shape.at(axis) ?? 0;
  const sizes = Array.from(
    { length: n },
    (_, i) => Math.floor(extent / n) + (i < extent % n ? 1 : 0),
  );
  return ofSizes(x, sizes, axis);
};
const sectionsOrAt =
  (axisOf: (x: Expr, c: Call) => number) =>
  (c: Call): readonly Expr[] => {
    const x = inputOf(c);
    const how = arg(c, 0, "indices_or_sections");
    if (typeof how === "number") return inSections(x, how, axisOf(x, c));
    return Array.isArray(how)
      ? along(x, numbersOf(how), axisOf(x, c))
      : notHad("places to split at that are a tensor");
  };

/** Converts PyTorch's flat list of `low` and `high` paddings, last axis first, to widths per axis. */
const widthsOf = (x: Expr, flat: readonly number[]): readonly (readonly [number, number])[] =>
  x.shape.map((_, i) => {
    const from = 2 * (x.shape.length - 1 - i);
    return [flat[from] ?? 0, flat[from + 1] ?? 0] as const;
  });
/** Negative padding crops. */
const cut = (x: Expr, axis: number, [low, high]: readonly [number, number]): Expr =>
  low >= 0 && high >= 0 ? x : sliceAxis(x, axis, added(-low), (x.shape[axis] ?? 0) - added(-high));
const added = (width: number): number => Math.max(0, width);

const constantPad = (x: Expr, flat: readonly number[], value: number): Expr => {
  const widths = widthsOf(x, flat);
  const cropped = widths.reduce((y, sides, axis) => cut(y, axis, sides), x);
  return pad(
    cropped,
    widths.map(([low, high]) => [added(low), added(high)]),
    value,
  );
};
/** Pads each axis with pieces of itself. */
const padBy =
  (piece: (x: Expr, axis: number, low: number, high: number) => readonly Expr[]) =>
  (c: Call): Expr => {
    const x = inputOf(c);
    return widthsOf(x, numbersOf(arg(c, 0, "pad"))).reduce(
      (y, [low, high], axis) =>
        low === 0 && high === 0
          ? y
          : concatenate(piece(cut(y, axis, [low, high]), axis, added(low), added(high)), axis),
      x,
    );
  };
const repeated = (x: Expr, axis: number, n: number): Expr =>
  broadcastTo(
    x,
    x.shape.map((d, i) => (i === axis ? n : d)),
  );

const quarterTurn = (x: Expr, from: number, to: number): Expr => {
  const [a, b] = [normalAxis(from, x.shape.length), normalAxis(to, x.shape.length)];
  return swapped(reverse(x, [b]) as Expr, a, b);
};

const isSlice = (v: Value): v is { readonly slice: readonly (number | null)[] } =>
  typeof v === "object" &&
  v !== null &&
  !Array.isArray(v) &&
  Array.isArray(Reflect.get(v, "slice"));

/** An item of an index that lists positions, as i32 indices. */
const listOf = (item: Value): Expr => constant(tensor([...numbersOf(item)], "i32"));

const indexed = (x: Expr, items: readonly Value[]): Expr => {
  const listed = items.filter((item) => Array.isArray(item));
  if (listed.length === items.length && listed.length > 1) return gather(x, ...listed.map(listOf));
  let axis = 0;
  let y = x;
  for (const item of items) {
    if (typeof item === "number") y = index(y, item, axis);
    else if (isSlice(item)) {
      const [start, stop, step] = item.slice;
      const n = y.shape[axis] ?? 0;
      y = sliceAxis(y, axis, start ?? 0, Math.min(stop ?? n, n), step ?? 1);
      axis++;
    } else if (Array.isArray(item) && listed.length === 1) y = take(y, listOf(item), axis++);
    else return notHad("a mask, whose elements are as many as it holds of");
  }
  return y;
};

export const joining: Table = {
  cartesian_prod: (c) => cartesianProduct(inputOf(c), tensorOf(arg(c, 0, "other"))),
  combinations: (c) =>
    combinations(inputOf(c), scalarOf(c.kw.r ?? 2), { repeated: c.kw.with_replacement === true }),
  cat: (c) => concatenate(tensorsOf(c.input), scalarOf(arg(c, 0, "dim", 0))),
  stack: (c) => stack(tensorsOf(c.input), scalarOf(arg(c, 0, "dim", 0))),
  hstack: (c) => {
    const xs = tensorsOf(c.input).map(atLeast(1));
    return concatenate(xs, xs[0]?.shape.length === 1 ? 0 : 1);
  },
  vstack: (c) => concatenate(tensorsOf(c.input).map(atLeast(2)), 0),
  dstack: (c) => concatenate(tensorsOf(c.input).map(atLeast(3)), 2),
  column_stack: (c) =>
    concatenate(
      tensorsOf(c.input).map((x) => (x.shape.length < 2 ? reshape(x, [-1, 1]) : x)),
      1,
    ),
  chunk: (c) => {
    const [x, axis] = [inputOf(c), scalarOf(arg(c, 1, "dim", 0))];
    return ofSize(x, Math.ceil((x.shape.at(axis) ?? 0) / scalarOf(arg(c, 0, "chunks"))), axis);
  },
  split: (c) => ofSize(inputOf(c), scalarOf(arg(c, 0, "size")), scalarOf(arg(c, 1, "dim", 0))),
  "split.list_args": (c) =>
    ofSizes(inputOf(c), numbersOf(arg(c, 0, "sizes")), scalarOf(arg(c, 1, "dim", 0))),
  split_with_sizes: (c) =>
    ofSizes(inputOf(c), numbersOf(arg(c, 0, "sizes")), scalarOf(arg(c, 1, "dim", 0))),
  tensor_split: sectionsOrAt((_, c) => scalarOf(arg(c, 1, "dim", 0))),
  hsplit: sectionsOrAt((x) => (x.shape.length === 1 ? 0 : 1)),
  vsplit: sectionsOrAt(() => 0),
  dsplit: sectionsOrAt(() => 2),
  unbind: (c) => {
    const [x, axis] = [inputOf(c), scalarOf(arg(c, 0, "dim", 0))];
    return Array.from({ length: x.shape.at(axis) ?? 0 }, (_, i) => index(x, i, axis));
  },
  select: (c) => index(inputOf(c), scalarOf(arg(c, 1, "index")), scalarOf(arg(c, 0, "dim"))),
  select_scatter: (c) => {
    const [x, y] = [inputOf(c), tensorOf(arg(c, 0, "src"))];
    const axis = normalAxis(scalarOf(arg(c, 1, "dim")), x.shape.length);
    const at = normalAxis(scalarOf(arg(c, 2, "index")), x.shape[axis] ?? 0);
    const [before, after] = [
      sliceAxis(x, axis, 0, at),
      sliceAxis(x, axis, at + 1, x.shape[axis] ?? 0),
    ];
    return concatenate([before, expandDims(y, axis), after], axis);
  },
  __getitem__: (c) => {
    const at = c.args[0] ?? null;
    return indexed(inputOf(c), Array.isArray(at) ? at : [at]);
  },

  flip: (c) => reverse(inputOf(c), axesOf(arg(c, 0, "dims"), inputOf(c).shape.length) ?? []),
  fliplr: unary((x) => reverse(x, [1])),
  flipud: unary((x) => reverse(x, [0])),
  roll: (c) => {
    const x = inputOf(c);
    const shifts = numbersOf(arg(c, 0, "shifts"));
    const axes = axesOf(arg(c, 1, "dims"), x.shape.length);
    if (axes === undefined) return reshape(roll(reshape(x, [-1]), shifts[0] ?? 0, 0), x.shape);
    return axes.reduce((y, axis, i) => roll(y, shifts[i] ?? 0, axis), x);
  },
  rot90: (c) => {
    const turns = ((scalarOf(arg(c, 0, "k", 1)) % 4) + 4) % 4;
    const [a = 0, b = 1] = numbersOf(arg(c, 1, "dims"));
    return Array.from({ length: turns }).reduce<Expr>((y) => quarterTurn(y, a, b), inputOf(c));
  },
  repeat: (c) => tile(inputOf(c), shapeOf(c)),
  tile: (c) => tile(inputOf(c), shapeOf(c)),

  constant_pad_nd: (c) =>
    constantPad(inputOf(c), numbersOf(arg(c, 0, "pad")), scalarOf(arg(c, 1, "value", 0))),
  "nn.functional.pad.constant": (c) =>
    constantPad(inputOf(c), numbersOf(arg(c, 0, "pad")), scalarOf(arg(c, 2, "value", 0))),
  "nn.functional.pad.replicate": padBy((x, axis, low, high) => {
    const n = x.shape[axis] ?? 0;
    return [
      repeated(sliceAxis(x, axis, 0, 1), axis, low),
      x,
      repeated(sliceAxis(x, axis, n - 1, n), axis, high),
    ];
  }),
  "nn.functional.pad.reflect": padBy((x, axis, low, high) => {
    const n = x.shape[axis] ?? 0;
    return [
      reverse(sliceAxis(x, axis, 1, low + 1), [axis]),
      x,
      reverse(sliceAxis(x, axis, n - 1 - high, n - 1), [axis]),
    ];
  }),
  "nn.functional.pad.circular": padBy((x, axis, low, high) => {
    const n = x.shape[axis] ?? 0;
    return [sliceAxis(x, axis, n - low, n), x, sliceAxis(x, axis, 0, high)];
  }),
  "meshgrid.list_of_tensors": (c) => grids(tensorsOf(c.input), c),
  "meshgrid.variadic_tensors": (c) => grids([inputOf(c), ...c.args.map(tensorOf)], c),
};

const grids = (xs: readonly Expr[], c: Call): readonly Expr[] => {
  const made = meshgrid(...xs.map(atLeast(1)));
  return arg(c, 99, "indexing") === "xy" && made.length > 1
    ? made.map((g) => swapped(g, 0, 1))
    : made;
};
