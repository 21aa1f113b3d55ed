import { bytesPerElement } from "../../../../tensor/dtype.ts";
import { at, type Shape, sizeOf } from "../../../../tensor/shape.ts";
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
import type { Kernel, Range } from "../kernel.ts";
import { areMany, sumOfParts } from "../parts.ts";
import { type Epilogue, endingOf, followed } from "./epilogue.ts";

/**
 * Products whose left operand has to be copied into order first, such as the windows of a convolution, which have many
 * times the elements of the image. One part of the operand at a time, small enough to stay in the cache, is copied and
 * multiplied.
 */

/** Maximum bytes of an operand that is copied whole. */
const wholeBytes = 2 ** 20;

/** Bytes of a part, unless one index of the cut axis takes more. */
const partBytes = 2 ** 18;

/** The cut of an operand: the axis, the number of parts, and the indices of the axis in each. */
export interface Cut {
  /** Whether the rows of the product are cut, or the sums that make its elements. */
  readonly along: "rows" | "sums";
  readonly axis: number;
  readonly count: number;
  readonly size: number;
}

const divisors = (n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => n - i).filter((d) => n % d === 0);

/** Decides how to cut an operand of free axes `rows` and contracted axes `sums`; `undefined` to leave it whole. */
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

/** An operand that is already in order: its view, and the strides of its rows and columns. */
export interface Ordered {
  readonly view: View;
  readonly row: number;
  readonly column: number;
}

/** `out = x y`, where `x`, cut as said, has its axes in `order`, rows (or, turned, columns) first. */
export const blockedProduct = (
  { along, axis, count, size }: Cut,
  x: View,
  { order, turned }: { readonly order: readonly number[]; readonly turned: boolean },
  y: Ordered,
  [m, k, n]: readonly [number, number, number],
  out: Buffer,
  epilogue: Epilogue | undefined,
): readonly Kernel[] => {
  const shape: Shape = x.shape.map((d, a) => (a === axis ? size : d));
  const part = transposeView({ ...x, shape }, order);
  const scratch = scratchBuffer(x.dtype, sizeOf(shape), "a part in order");
  const [rows, columns] = along === "rows" ? [m / count, k] : [m, k / count];
  const spec: GemmSpec = {
    m: rows,
    n,
    k: columns,
    a: turned ? { row: 1, column: rows } : { row: columns, column: 1 },
    b: { row: y.row, column: y.column },
  };
  const width = bytesPerElement(x.dtype);
  const step = {
    x: size * at(x.strides, axis) * width,
    y: along === "sums" ? columns * y.row * width : 0,
    out: along === "rows" ? rows * n * width : 0,
  };
  const [from, right] = [bufferOf(x) as Buffer, bufferOf(y.view) as Buffer]; // both are views of buffers
  const kernel = (how: GemmSpec, to: Buffer, after: Epilogue | undefined): Kernel => {
    const ending = endingOf(how, [from, right], to, after);
    const packed = scratchBuffer("u8", ending.scratchBytes, "packed panels");
    // Parts of rows are independent; parts of sums add to the same rows, of which a thread takes some columns.
    const pieces = along === "rows" ? count : to.dtype === "f32" ? panelCount(how) : 1;
    const emit = (site: Site, range?: Range): void => {
      const { body } = site;
      // Of sums a thread takes some columns of every part.
      const multiply = ending.multiply(site, along === "sums" ? range : undefined, "columns");
      const parts = along === "rows" && range !== undefined ? range : { from: 0, to: count };
      body.for(parts.from, parts.to, 1, (i) => {
        const behind = body.let(i32.mul(i, step.x));
        // The same operand, read from where this part begins.
        const here: Site = {
          ...site,
          locate: (buffer) => {
            const { fixed, moving } = site.locate(buffer);
            return buffer === from ? { fixed, moving: plus(moving, behind) } : { fixed, moving };
          },
        };
        emitFused(here, {
          space: part.shape,
          loads: [part],
          operations: [],
          stores: [{ value: 0, to: whole(scratch, part.shape) }],
        });
        const at = [
          startOf(site, scratch),
          i32.add(startOf(site, right, y.view.offset * width), i32.mul(i, step.y)),
          i32.add(ending.start(site), i32.mul(i, step.out)),
          packed.size === 0 ? i32.const(0) : startOf(site, packed),
        ] as const;
        body.do(multiply(...at));
      });
    };
    return {
      name: `matmul [${m}, ${k}] [${k}, ${n}] in ${count} parts of ${along}${ending.name}`,
      reads: [from, right, ...(how.accumulate === true ? [to] : []), ...ending.reads],
      writes: [...ending.writes, scratch, ...(packed.size === 0 ? [] : [packed])],
      inPlace: ending.inPlace,
      operations: 2 * m * k * n + ending.operations,
      pieces,
      emit,
    };
  };
  const sums = partsOfSums(spec) * (along === "sums" ? count : 1);
  if (along === "rows" && !areMany(sums)) return [kernel(spec, out, epilogue)];
  const added = sumOfParts(sums, out, (to, how) => [kernel({ ...spec, ...how }, to, undefined)]);
  return followed(added, epilogue);
};
