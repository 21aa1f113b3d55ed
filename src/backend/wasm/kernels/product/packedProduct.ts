import { bytesPerElement, computing, isHalf } from "../../../../tensor/dtype.ts";
import { at, type Shape, sizeOf } from "../../../../tensor/shape.ts";
import { copying } from "../../../plan/fused.ts";
import type { Copy, Elementwise, Kernel } from "../../../plan/kernel.ts";
import {
  type Buffer,
  bufferOf,
  scratchBuffer,
  transposeView,
  type View,
  whole,
} from "../../../plan/view.ts";
import { i32 } from "../../assembler/index.ts";
import { plus, type Site, startOf } from "../../codegen/emitContext.ts";
import { emitFused } from "../../codegen/loopBody.ts";
import { type GemmSpec, panelCount, partsOfSums } from "../../gemm/index.ts";
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
 * Products whose left operand must be copied into order first, such as the windows of a convolution, which have many
 * times the elements of the image. The kernel copies and multiplies one part of the operand at a time, small enough to
 * stay in the cache.
 */

/** Maximum bytes of an operand that is copied whole. */
const wholeBytes = 2 ** 20;

/** Bytes of a part; more if a single index of the split axis takes more. */
const partBytes = 2 ** 18;

/** How an operand is split: the axis, the number of parts, and the indices of the axis in each part. */
export interface Cut {
  /** Whether rows of the product are split, or the sums that give its elements. */
  readonly along: "rows" | "sums";
  readonly axis: number;
  readonly count: number;
  readonly size: number;
}

const divisors = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => n - i).filter((d) => n % d === 0);

/** Decides how to split an operand with free axes `rows` and contracted axes `sums`; `undefined` to leave it whole. */
export const cutOf = (
  x: View,
  rows: readonly number[],
  sums: readonly number[],
): Cut | undefined => {
  const bytes = sizeOf(x.shape) * bytesPerElement(x.dtype);
  if (bytes <= wholeBytes || bufferOf(x) === undefined || x.strides.some((s) => s < 0))
    return undefined;
  const real = (axes: readonly number[]) => axes.find((a) => at(x.shape, a) !== 1);
  const [row, sum] = [real(rows), real(sums)];
  const alongRows =
    sum === undefined || (row !== undefined && at(x.strides, row) > at(x.strides, sum));
  const axis = alongRows ? row : sum;
  if (axis === undefined) return undefined;
  const extent = at(x.shape, axis);
  const size = divisors(extent).find((d) => (bytes / extent) * d <= partBytes) ?? 1;
  return { along: alongRows ? "rows" : "sums", axis, count: extent / size, size };
};

/** An operand that needs no copy: its view, and the strides of its rows and columns. */
export interface Ordered {
  readonly view: View;
  readonly row: number;
  readonly column: number;
}

/** A product that copies and multiplies one part of its left operand after another. */
export interface BlockedProduct {
  readonly kind: "blockedProduct";
  readonly along: Cut["along"];
  readonly count: number;
  /** The first part of the left operand, with its axes in order. */
  readonly part: View;
  /** The buffer to which each part is copied. */
  readonly scratch: Buffer;
  readonly right: View;
  /** The bytes from one part to the next, for both operands and for the result. */
  readonly step: { readonly x: number; readonly y: number; readonly out: number };
  readonly ending: Ending;
}

/**
 * The kernels of `out = x y` for a split `x`, whose axes are copied in `order`: rows first, or columns if it is
 * transposed.
 */
export const inParts = (
  { along, axis, count, size }: Cut,
  x: View,
  { order, turned }: { readonly order: readonly number[]; readonly turned: boolean },
  y: Ordered,
  [m, k, n]: readonly [number, number, number],
  out: Buffer,
  epilogue: Epilogue | undefined,
): readonly Kernel<BlockedProduct | Copy | Elementwise>[] => {
  const shape: Shape = x.shape.map((d, a) => (a === axis ? size : d));
  const part = transposeView({ ...x, shape }, order);
  const scratch = scratchBuffer(computing(x.dtype), sizeOf(shape), "a part in order");
  const [rows, columns] = along === "rows" ? [m / count, k] : [m, k / count];
  const spec: GemmSpec = {
    m: rows,
    n,
    k: columns,
    a: turned ? { row: 1, column: rows } : { row: columns, column: 1 },
    b: { row: y.row, column: y.column },
    ...(isHalf(y.view.dtype) && { halves: { b: y.view.dtype } }),
  };
  const step = {
    x: size * at(x.strides, axis) * bytesPerElement(x.dtype),
    y: along === "sums" ? columns * y.row * bytesPerElement(y.view.dtype) : 0,
    out: along === "rows" ? rows * n * bytesPerElement(out.dtype) : 0,
  };
  const [from, right] = [bufferOf(x) as Buffer, bufferOf(y.view) as Buffer]; // both are views of buffers
  const kernel = (
    how: GemmSpec,
    to: Buffer,
    after: Epilogue | undefined,
  ): Kernel<BlockedProduct> => {
    const { ending, beside } = endingOf(how, [from, right], to, after);
    return {
      name: `matmul [${m}, ${k}] [${k}, ${n}] in ${count} parts of ${along}${beside.name}`,
      reads: [from, right, ...(how.accumulate === true ? [to] : []), ...beside.reads],
      writes: beside.writes,
      scratch: [...beside.scratch, scratch, ...panelsOf(ending)],
      inPlace: beside.inPlace,
      operations: 2 * m * k * n + beside.operations,
      work: {
        kind: "blockedProduct",
        ...{ along, count, part, scratch, right: y.view, step, ending },
      },
    };
  };
  const sums = partsOfSums(spec) * (along === "sums" ? count : 1);
  if (along === "rows" && !areMany(sums)) return [kernel(spec, out, epilogue)];
  const added = sumOfParts(sums, out, (to, how) => [kernel({ ...spec, ...how }, to, undefined)]);
  return followed(added, epilogue);
};

/**
 * Threads share parts of rows, which are independent. Parts of sums add to the same rows, so threads then share
 * columns.
 */
export const blockedProduct: Family<BlockedProduct> = {
  pieces: ({ along, count, ending: { dtype, spec } }) =>
    along === "rows" ? count : dtype === "f32" ? panelCount(spec) : 1,
  emit: (site, { along, count, part, scratch, right, step, ending }, range) => {
    const { body } = site;
    const [from, to] = [bufferOf(part), bufferOf(right) as Buffer]; // both are views of buffers
    const width = bytesPerElement(right.dtype);
    const multiply = multiplying(site, ending, along === "sums" ? range : undefined, "columns");
    const parts = along === "rows" && range !== undefined ? range : { from: 0, to: count };
    body.for(parts.from, parts.to, 1, (i) => {
      const behind = body.let(i32.mul(i, step.x));
      // The same operand, read from the start of this part.
      const here: Site = {
        ...site,
        locate: (buffer) => {
          const { fixed, moving } = site.locate(buffer);
          return buffer === from ? { fixed, moving: plus(moving, behind) } : { fixed, moving };
        },
      };
      emitFused(here, copying(part, whole(scratch, part.shape)));
      const at = [
        startOf(site, scratch),
        i32.add(startOf(site, to, right.offset * width), i32.mul(i, step.y)),
        i32.add(startOfResult(site, ending), i32.mul(i, step.out)),
        startOfPacked(site, ending),
      ] as const;
      body.do(multiply(...at));
    });
  },
};
