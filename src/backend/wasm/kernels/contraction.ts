import type { DotParams } from "../../../ir/expr.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { call } from "../assembler/index.ts";
import { type GemmSpec, gemmScratchBytes } from "../gemm/index.ts";
import { startOf } from "../site.ts";
import { type Buffer, bufferOf, makeBuffer, transposeView, type View, whole } from "../view.ts";
import { copyKernel } from "./elementwise.ts";
import type { Kernel } from "./kernel.ts";

const at = (xs: readonly number[], i: number): number => xs[i] as number;

/** The one stride that walks `axes`, in order, as a single axis; `undefined` if there is none. */
const strideAlong = (view: View, axes: readonly number[]): number | undefined => {
  const real = axes.filter((a) => at(view.shape, a) !== 1);
  const joined = real.every((a, i) => {
    const next = real[i + 1];
    return (
      next === undefined || at(view.strides, a) === at(view.strides, next) * at(view.shape, next)
    );
  });
  const last = real.at(-1);
  return joined ? (last === undefined ? 1 : at(view.strides, last)) : undefined;
};

/** An operand as a batch of matrices: a stride between them, along rows and along columns. */
interface Matrices {
  readonly view: View;
  readonly batch: number;
  readonly outer: number;
  readonly inner: number;
}

const matricesOf = (
  view: View,
  batchAxes: readonly number[],
  outerAxes: readonly number[],
  innerAxes: readonly number[],
): Matrices | undefined => {
  const [batch, outer, inner] = [batchAxes, outerAxes, innerAxes].map((axes) =>
    strideAlong(view, axes),
  );
  const usable = bufferOf(view) !== undefined && view.strides.every((s) => s >= 0);
  return usable && batch !== undefined && outer !== undefined && inner !== undefined
    ? { view, batch, outer, inner }
    : undefined;
};

const extent = (view: View, axes: readonly number[]): number =>
  axes.reduce((n, a) => n * at(view.shape, a), 1);

/** The axes of a view that are in none of the lists. */
const others = (view: View, ...lists: readonly (readonly number[])[]): readonly number[] =>
  view.shape.map((_, a) => a).filter((a) => !lists.some((list) => list.includes(a)));

/** Whether `b` is the better innermost axis of a copy than `a`: nearer neighbours, or more of them. */
const innermost = (view: View, a: number | undefined, b: number | undefined): boolean => {
  if (a === undefined || b === undefined) return b !== undefined;
  const [near, far] = [Math.abs(at(view.strides, b)), Math.abs(at(view.strides, a))];
  return near < far || (near === far && at(view.shape, b) > at(view.shape, a));
};

/**
 * A general dot product as a batch of matrix products. An operand whose axes do not fall into a batch, a
 * row and a column stride is first copied into one that does, rows or columns first as it is read faster;
 * transpositions need no copy.
 */
export const dotKernels = (params: DotParams, x: View, y: View, out: Buffer): readonly Kernel[] => {
  const copies: Kernel[] = [];
  const arranged = (
    view: View,
    batch: readonly number[],
    outer: readonly number[],
    inner: readonly number[],
  ): Matrices => {
    const found = matricesOf(view, batch, outer, inner);
    if (found !== undefined) return found;
    const lastOf = (axes: readonly number[]) => axes.filter((a) => at(view.shape, a) !== 1).at(-1);
    const turned = innermost(view, lastOf(inner), lastOf(outer));
    const [first, second] = turned ? [inner, outer] : [outer, inner];
    const ordered = transposeView(view, [...batch, ...first, ...second]);
    const buffer = makeBuffer(view.dtype, sizeOf(view.shape), "operand in order");
    const to = whole(buffer, ordered.shape);
    copies.push(copyKernel(ordered, to));
    const [rows, columns] = [extent(view, outer), extent(view, inner)];
    const strides = turned ? { outer: 1, inner: rows } : { outer: columns, inner: 1 };
    return { view: to, batch: rows * columns, ...strides };
  };
  const freeX = others(x, params.batch[0], params.contract[0]);
  const freeY = others(y, params.batch[1], params.contract[1]);
  const left = arranged(x, params.batch[0], freeX, params.contract[0]);
  const right = arranged(y, params.batch[1], params.contract[1], freeY);
  const count = extent(x, params.batch[0]);
  const [m, k, n] = [extent(x, freeX), extent(x, params.contract[0]), extent(y, freeY)];
  const spec: GemmSpec = {
    m,
    n,
    k,
    a: { row: left.outer, column: left.inner },
    b: { row: right.outer, column: right.inner },
    ...(count === 1 ? {} : { batch: { count, a: left.batch, b: right.batch, c: m * n } }),
  };
  const scratch = makeBuffer(
    "u8",
    out.dtype === "f32" ? gemmScratchBytes(spec) : 0,
    "packed panels",
  );
  const reads = [left.view, right.view].flatMap((v) => bufferOf(v) ?? []);
  const kernel: Kernel = {
    name: `matmul ${count === 1 ? "" : `${count} × `}[${m}, ${k}]${left.inner === 1 ? "" : "ᵀ"} [${k}, ${n}]${right.inner === 1 ? "" : "ᵀ"}`,
    reads,
    writes: scratch.size === 0 ? [out] : [out, scratch],
    inPlace: [],
    operations: 2 * count * m * k * n,
    emit: (site) => {
      if (count === 0) return;
      const address = (view: View) => {
        const buffer = bufferOf(view) as Buffer; // arranged() answers views of buffers
        const bytes = view.offset * (view.dtype === "f64" ? 8 : 4);
        return startOf(site, buffer, bytes);
      };
      const product = site.product(out.dtype, spec);
      const spare = scratch.size === 0 ? 0 : startOf(site, scratch);
      site.body.do(
        call(product, address(left.view), address(right.view), startOf(site, out), spare),
      );
    },
  };
  return [...copies, kernel];
};
