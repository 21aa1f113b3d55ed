import type { DotParams } from "../../../../ir/expr.ts";
import { bytesPerElement, computing, type Dtype, isHalf } from "../../../../tensor/dtype.ts";
import { at, sizeOf, stridesOf } from "../../../../tensor/shape.ts";
import { extent, others, strideAlong } from "../../../plan/axisGroups.ts";
import type { Copy, Elementwise, Kernel } from "../../../plan/kernel.ts";
import { copyKernel } from "../../../plan/kernels/elementwise.ts";
import {
  type Buffer,
  bufferOf,
  makeBuffer,
  transposeView,
  type View,
  whole,
} from "../../../plan/view.ts";
import { type Body, type Code, i32 } from "../../assembler/index.ts";
import { startOf } from "../../codegen/emitContext.ts";
import type { Range } from "../../codegen/partition.ts";
import { type GemmSpec, partsOfSums, type Steps } from "../../gemm/index.ts";
import type { Family } from "../family.ts";
import { areMany, sumOfParts } from "../parts.ts";
import {
  type Ending,
  type Epilogue,
  endingOf,
  followed,
  multiplying,
  panelsOf,
  startOfPacked,
  startOfResult,
} from "./epilogue.ts";

/**
 * Products that read the windows of a convolution in place. Several strides walk rows and sums: the product itself
 * walks the innermost, and loops around it walk the others. Nothing is copied.
 */

/** One of these loops: its rounds, and the elements that each operand and the result move in a round. */
interface Level {
  readonly count: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Minimum adjacent rows along one axis. With fewer, the tiles of the product are too small. */
const fewestRows = 8;
/** Maximum terms that a product sums at once, so that the factors stay in the cache. */
const longestSum = 1024;
/** Maximum columns for which the right operand is not packed. */
const mostColumns = 256;

/** The loops that walk some axes, as few as possible: neighboring axes become one loop if one stride walks both. */
const levelsOf = (extents: readonly number[], level: (axis: number) => Level): readonly Level[] =>
  extents.reduce<readonly Level[]>((levels, count, axis) => {
    if (count === 1) return levels;
    const here = level(axis);
    const last = levels.at(-1);
    const joins =
      last !== undefined &&
      last.a === here.a * count &&
      last.b === here.b * count &&
      last.c === here.c * count;
    return joins
      ? [...levels.slice(0, -1), { ...here, count: last.count * count }]
      : [...levels, here];
  }, []);

/** Writes loops over levels around `visit`. The outermost loop may be limited to a range. */
const around = (
  body: Body,
  levels: readonly Level[],
  from: readonly [Code<"i32">, Code<"i32">, Code<"i32">],
  widths: readonly [a: number, b: number, c: number],
  visit: (a: Code<"i32">, b: Code<"i32">, c: Code<"i32">) => void,
  range?: Range,
): void => {
  const [first, ...inner] = levels;
  if (first === undefined) {
    visit(...from);
    return;
  }
  body.for(range?.from ?? 0, range?.to ?? first.count, 1, (i) => {
    const steps = [first.a, first.b, first.c];
    const next = from.map((code, n) =>
      steps[n] === 0 ? code : body.let(i32.add(code, i32.mul(i, at(widths, n) * at(steps, n)))),
    );
    around(body, inner, next as [Code<"i32">, Code<"i32">, Code<"i32">], widths, visit);
  });
};

interface Direct {
  readonly spec: GemmSpec;
  /** Loops over rows, and over sums, around the product. */
  readonly rows: readonly Level[];
  readonly sums: readonly Level[];
}

/** Decides how to compute a product in place; `undefined` if that is not fast. */
const directOf = (
  levels: readonly Level[],
  sums: readonly Level[],
  [bRow, n]: readonly [number, number],
  dtype: Dtype,
): Direct | undefined => {
  const row = levels.at(-1);
  const column = sums.at(-1);
  if (row === undefined || column === undefined) return undefined;
  if (row.count < fewestRows || row.b !== 0 || row.c !== n || n > mostColumns) return undefined;
  const within: Level[] = [column];
  for (const level of sums.slice(0, -1).toReversed()) {
    const length = within.reduce((k, { count }) => k * count, level.count);
    if (length > longestSum) break;
    within.unshift(level);
  }
  const groups: readonly Steps[] = within.slice(0, -1).map(({ count, a }) => ({ count, step: a }));
  const outside = sums.slice(0, sums.length - within.length);
  // If there is a level more than rows and images, the product itself walks the rows of an image.
  const batch = levels.length > 2 ? levels.at(-2) : undefined;
  const spec: GemmSpec = {
    m: row.count,
    n,
    k: within.reduce((k, { count }) => k * count, 1),
    a: { row: row.a, column: column.a },
    b: { row: bRow, column: 1 },
    ...(isHalf(dtype) && { halves: { b: dtype } }),
    // The product splits a longer sum itself, and then cannot walk groups.
    ...(column.count <= longestSum && { groups }),
    ...(batch && { batch }),
  };
  return { spec, rows: levels.slice(0, batch === undefined ? -1 : -2), sums: outside };
};

/** The kernels of a product whose left operand needs more than two strides; `undefined` if copies are faster. */
export const directKernels = (
  { batch, contract }: DotParams,
  x: View,
  y: View,
  out: Buffer,
  epilogue: Epilogue | undefined,
): readonly Kernel<DirectProduct | Copy | Elementwise>[] | undefined => {
  if (out.dtype !== "f32" || bufferOf(x) === undefined || bufferOf(y) === undefined)
    return undefined;
  // A product reads windows in place only of f32: halves are copied, part by part, and become f32 on the way.
  if (isHalf(x.dtype)) return undefined;
  if (x.strides.some((s) => s < 0) || sizeOf(x.shape) === 0 || sizeOf(y.shape) === 0)
    return undefined;
  const freeX = others(x, batch[0], contract[0]);
  const freeY = others(y, batch[1], contract[1]);
  const pairs = contract[0].map((a, i) => [a, at(contract[1], i)] as const);
  const order = pairs.toSorted(([a], [b]) => at(x.strides, b) - at(x.strides, a));
  const [sumX, sumY] = [order.map(([a]) => a), order.map(([, b]) => b)];
  const isReady =
    y.strides.every((s) => s >= 0) &&
    strideAlong(y, freeY) === 1 &&
    strideAlong(y, sumY) !== undefined;
  const turned = transposeView(y, [...batch[1], ...sumY, ...freeY]);
  const right = isReady
    ? turned
    : whole(makeBuffer(computing(y.dtype), sizeOf(y.shape), "operand in order"), turned.shape);
  const rank = batch[1].length;
  const n = extent(y, freeY);
  const sumAxes = sumY.map((_, i) => rank + i);
  const bRow = strideAlong(right, sumAxes) as number; // the axes have one stride, or were copied so that they do
  const rowAxes = [...batch[0], ...freeX];
  const shape = [...rowAxes.map((a) => at(x.shape, a)), n];
  const outStrides = stridesOf(shape);
  const rows = levelsOf(shape.slice(0, -1), (i) => ({
    count: at(shape, i),
    a: at(x.strides, at(rowAxes, i)),
    b: i < rank ? at(right.strides, i) : 0,
    c: at(outStrides, i),
  }));
  const extents = sumX.map((a) => at(x.shape, a));
  const packed = stridesOf(extents);
  const sums = levelsOf(extents, (i) => ({
    count: at(extents, i),
    a: at(x.strides, at(sumX, i)),
    b: bRow * at(packed, i),
    c: 0,
  }));
  const direct = directOf(rows, sums, [bRow, n], right.dtype);
  if (direct === undefined) return undefined;
  const copies = isReady ? [] : [copyKernel(turned, right)];
  const [m, k] = [extent(x, rowAxes), extent(x, contract[0])];
  const name = `matmul [${m}, ${k}] [${k}, ${n}], windows read in place`;
  const kernel = (how: Direct, to: Buffer, ending: Epilogue | undefined): Kernel<DirectProduct> =>
    directKernel(name, how, x, right, to, 2 * m * k * n, ending);
  const parts = direct.sums.reduce((n, { count }) => n * count, partsOfSums(direct.spec));
  if (direct.sums.length === 0 && !areMany(parts))
    return [...copies, kernel(direct, out, epilogue)];
  const added = sumOfParts(parts, out, (to, how) => [
    kernel({ ...direct, spec: { ...direct.spec, ...how } }, to, undefined),
  ]);
  return followed([...copies, ...added], epilogue);
};

/** A matrix product inside loops over rows and over sums. */
export interface DirectProduct extends Omit<Direct, "spec"> {
  readonly kind: "directProduct";
  readonly left: View;
  readonly right: View;
  readonly ending: Ending;
}

const directKernel = (
  name: string,
  { spec, rows, sums }: Direct,
  left: View,
  right: View,
  out: Buffer,
  operations: number,
  epilogue: Epilogue | undefined,
): Kernel<DirectProduct> => {
  const operands = [left, right].map((view) => bufferOf(view) as Buffer); // both are views of buffers
  const { ending, beside } = endingOf(spec, operands, out, epilogue);
  return {
    name: `${name}${beside.name}`,
    reads: [...operands, ...(spec.accumulate === true ? [out] : []), ...beside.reads],
    writes: beside.writes,
    scratch: [...beside.scratch, ...panelsOf(ending)],
    inPlace: beside.inPlace,
    operations: operations + beside.operations,
    work: { kind: "directProduct", rows, sums, left, right, ending },
  };
};

export const directProduct: Family<DirectProduct> = {
  pieces: ({ rows: [outermost] }) => outermost?.count ?? 1,
  emit: (site, { rows, sums, left, right, ending }, range) => {
    const multiply = multiplying(site, ending);
    const spare = startOfPacked(site, ending);
    const starts = [
      startOf(site, bufferOf(left) as Buffer, 4 * left.offset),
      startOf(site, bufferOf(right) as Buffer, bytesPerElement(right.dtype) * right.offset),
      startOfResult(site, ending),
    ] as const;
    around(
      site.body,
      [...rows, ...sums],
      starts,
      [4, bytesPerElement(right.dtype), 4],
      (a, b, to) => site.body.do(multiply(a, b, to, spare)),
      range,
    );
  },
};
