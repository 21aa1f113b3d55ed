import type { DotParams } from "../../../../ir/expr.ts";
import { bytesPerElement, isHalf } from "../../../../tensor/dtype.ts";
import { at, sizeOf } from "../../../../tensor/shape.ts";
import { extent, others, strideAlong } from "../../../plan/axisGroups.ts";
import type { Contraction, Copy, Elementwise, Kernel } from "../../../plan/kernel.ts";
import { copyKernel, elementwiseKernel } from "../../../plan/kernels/elementwise.ts";
import {
  type Buffer,
  bufferOf,
  makeBuffer,
  transposeView,
  type View,
  whole,
} from "../../../plan/view.ts";
import { type Code, call, i32 } from "../../assembler/index.ts";
import { type Site, startOf } from "../../codegen/emitContext.ts";
import { type GemmSpec, panelBytes, panelCount, partsOfSums } from "../../gemm/index.ts";
import type { Family } from "../family.ts";
import { areMany, sumOfParts } from "../parts.ts";
import { type WinogradWork, winogradKernels } from "../winograd/index.ts";
import { type DirectProduct, directKernels } from "./directConv.ts";
import {
  type Ending,
  type Epilogue,
  endingOf,
  epilogueOf,
  followed,
  multiplying,
  panelsOf,
  startOfPacked,
  startOfResult,
} from "./epilogue.ts";
import { type BlockedProduct, cutOf, inParts } from "./packedProduct.ts";

/** An operand as a batch of matrices: the strides between matrices, along rows and along columns. */
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

/**
 * Whether `b` is a better innermost axis of a copy than `a`: its elements are nearer to one another, or there are more
 * of them.
 */
const innermost = (view: View, a: number | undefined, b: number | undefined): boolean => {
  if (a === undefined || b === undefined) return b !== undefined;
  const [near, far] = [Math.abs(at(view.strides, b)), Math.abs(at(view.strides, a))];
  return near < far || (near === far && at(view.shape, b) > at(view.shape, a));
};

/**
 * Turns a batch whose axes no single stride walks into a batch of batches, if two strides walk both operands. The heads
 * of an attention, side by side in one tensor, are an example.
 */
const batchOfBatches = ({ batch, contract }: DotParams, x: View, y: View) => {
  const far = [batch[0].slice(0, -1), batch[1].slice(0, -1)] as const;
  const near = [batch[0].slice(-1), batch[1].slice(-1)] as const;
  const isOne = [x, y].every((view, i) => strideAlong(view, batch[i] ?? []) !== undefined);
  if (far[0].length === 0 || isOne) return undefined;
  const isMatrices = (view: View, i: 0 | 1): boolean => {
    const free = others(view, batch[i], contract[i]);
    return matricesOf(view, near[i], free, contract[i]) !== undefined;
  };
  const [a, b] = [strideAlong(x, far[0]), strideAlong(y, far[1])];
  if (a === undefined || b === undefined || !isMatrices(x, 0) || !isMatrices(y, 1))
    return undefined;
  return { near, far: { count: extent(x, far[0]), a, b } };
};

/** The contracted axes, in the order that needs the fewest elements copied. */
const contractionOf = (
  { batch, contract }: DotParams,
  x: View,
  y: View,
): readonly [readonly number[], readonly number[]] => {
  const freeX = others(x, batch[0], contract[0]);
  const freeY = others(y, batch[1], contract[1]);
  const pairs = contract[0].map((a, i) => [a, at(contract[1], i)] as const);
  const orders = [
    pairs,
    pairs.toSorted(([a], [b]) => at(x.strides, b) - at(x.strides, a)),
    pairs.toSorted(([, a], [, b]) => at(y.strides, b) - at(y.strides, a)),
  ].map((order) => [order.map(([a]) => a), order.map(([, b]) => b)] as const);
  const copied = ([ofX, ofY]: (typeof orders)[number]): number =>
    (matricesOf(x, batch[0], freeX, ofX) === undefined ? sizeOf(x.shape) : 0) +
    (matricesOf(y, batch[1], ofY, freeY) === undefined ? sizeOf(y.shape) : 0);
  return orders.reduce((best, order) => (copied(order) < copied(best) ? order : best));
};

/** The kinds of work that can compute a product. */
export type ProductWork =
  | Panels
  | Product
  | BlockedProduct
  | DirectProduct
  | WinogradWork
  | Copy
  | Elementwise;

/**
 * Turns a general dot product into a batch of matrix products. An operand whose axes do not form a batch, a row and a
 * column stride is first copied into one whose axes do; the copy has rows or columns first, as is faster to read.
 * Transpositions need no copy. If possible, the ending runs as the epilogue of the product, which is then not stored
 * unless the ending stores it.
 */
export const multiplied = ({
  work: { params, left, right, to, ending },
}: Kernel<Contraction>): readonly Kernel<ProductWork>[] => {
  const columns = extent(right, others(right, params.batch[1], params.contract[1]));
  const epilogue = ending && epilogueOf(ending, to, columns);
  const kernels = productKernels(params, left, right, to, epilogue);
  return ending === undefined || epilogue !== undefined
    ? kernels
    : [...kernels, elementwiseKernel(ending)];
};

const productKernels = (
  params: DotParams,
  x: View,
  y: View,
  out: Buffer,
  epilogue: Epilogue | undefined,
): readonly Kernel<ProductWork>[] => {
  const fewer = winogradKernels(params, x, y, out, epilogue);
  if (fewer !== undefined) return fewer;
  const copies: Kernel<Copy>[] = [];
  const lastOf = (view: View, axes: readonly number[]) =>
    axes.filter((a) => at(view.shape, a) !== 1).at(-1);
  /** The order of axes for a copy, and whether columns come before rows in it. */
  const orderOf = (view: View, outer: readonly number[], inner: readonly number[]) => {
    const turned = innermost(view, lastOf(view, inner), lastOf(view, outer));
    return { turned, order: turned ? [...inner, ...outer] : [...outer, ...inner] };
  };
  const arranged = (
    view: View,
    batch: readonly number[],
    outer: readonly number[],
    inner: readonly number[],
  ): Matrices => {
    const found = matricesOf(view, batch, outer, inner);
    if (found !== undefined) return found;
    const { turned, order } = orderOf(view, outer, inner);
    const ordered = transposeView(view, [...batch, ...order]);
    const buffer = makeBuffer(view.dtype, sizeOf(view.shape), "operand in order");
    const to = whole(buffer, ordered.shape);
    copies.push(copyKernel(ordered, to));
    const [rows, columns] = [extent(view, outer), extent(view, inner)];
    const strides = turned ? { outer: 1, inner: rows } : { outer: columns, inner: 1 };
    return { view: to, batch: rows * columns, ...strides };
  };
  const freeX = others(x, params.batch[0], params.contract[0]);
  const freeY = others(y, params.batch[1], params.contract[1]);
  const heads = out.dtype === "f32" ? batchOfBatches(params, x, y) : undefined;
  const [contractX, contractY] =
    heads === undefined ? contractionOf(params, x, y) : params.contract;
  const [m, k, n] = [extent(x, freeX), extent(x, contractX), extent(y, freeY)];
  const near = heads?.near ?? params.batch;
  const right = arranged(y, near[1], contractY, freeY);
  const inOrder = matricesOf(x, near[0], freeX, contractX) !== undefined;
  if (!inOrder && heads === undefined) {
    const direct = directKernels(params, x, y, out, epilogue);
    if (direct !== undefined) return direct;
  }
  const cut = inOrder || params.batch[0].length > 0 ? undefined : cutOf(x, freeX, contractX);
  if (cut !== undefined) {
    const ordered = { view: right.view, row: right.outer, column: right.inner };
    const how = orderOf(x, freeX, contractX);
    return [...copies, ...inParts(cut, x, how, ordered, [m, k, n], out, epilogue)];
  }
  const left = arranged(x, near[0], freeX, contractX);
  const count = extent(x, near[0]);
  const spec: GemmSpec = {
    m,
    n,
    k,
    a: { row: left.outer, column: left.inner },
    b: { row: right.outer, column: right.inner },
    ...halvesOf(left.view, right.view),
    ...(count === 1 && heads === undefined
      ? {}
      : { batch: { count, a: left.batch, b: right.batch, c: m * n } }),
    ...(heads && { outer: { ...heads.far, c: count * m * n } }),
  };
  if (count === 0) return copies;
  if (out.dtype === "f32" && areMany(partsOfSums(spec))) {
    const added = sumOfParts(partsOfSums(spec), out, (to, how) => [
      productKernel({ ...spec, ...how }, left.view, right.view, to, undefined),
    ]);
    return followed([...copies, ...added], epilogue);
  }
  const bytes = out.dtype === "f32" ? panelBytes(spec) : undefined;
  if (bytes === undefined)
    return [...copies, productKernel(spec, left.view, right.view, out, epilogue)];
  // The panels are a kernel of their own, so that a loop makes the panels of its constants only once.
  const panels = makeBuffer("f32", bytes / 4, "panels");
  return [
    ...copies,
    panelsKernel(spec, right.view, panels),
    productKernel(
      { ...spec, ...(spec.halves && { halves: { a: spec.halves.a } }), panels: true },
      left.view,
      whole(panels, [panels.size]),
      out,
      epilogue,
    ),
  ];
};

/** Which operands are halves. */
const halvesOf = ({ dtype: a }: View, { dtype: b }: View): Pick<GemmSpec, "halves"> =>
  isHalf(a) || isHalf(b)
    ? { halves: { a: isHalf(a) ? a : undefined, b: isHalf(b) ? b : undefined } }
    : {};

const addressIn = (site: Site, view: View): Code<"i32"> => {
  const buffer = bufferOf(view) as Buffer; // operands are views of buffers
  return startOf(site, buffer, view.offset * bytesPerElement(view.dtype));
};

/** Makes the panels of a right operand, before the product needs them. */
export interface Panels {
  readonly kind: "panels";
  readonly spec: GemmSpec;
  readonly from: View;
  readonly to: Buffer;
}

const panelsKernel = (spec: GemmSpec, from: View, to: Buffer): Kernel<Panels> => ({
  name: `panels of [${spec.k}, ${spec.n}]${spec.b.column === 1 ? "" : "ᵀ"}`,
  reads: [bufferOf(from) as Buffer],
  writes: [to],
  scratch: [],
  inPlace: [],
  operations: 0,
  work: { kind: "panels", spec, from, to },
});

export const panels: Family<Panels> = {
  pieces: ({ spec }) => panelCount(spec),
  emit: (site, { spec, from, to }, range) => {
    const { from: first, to: end } = range ?? {
      from: i32.const(0),
      to: i32.const(panelCount(spec)),
    };
    const starts = [addressIn(site, from), startOf(site, to)] as const;
    site.body.do(call(site.panels(spec), ...starts, first, end));
  },
};

/** A matrix product of operands that need no copy. */
export interface Product {
  readonly kind: "product";
  readonly left: View;
  readonly right: View;
  readonly ending: Ending;
}

const productKernel = (
  spec: GemmSpec,
  left: View,
  right: View,
  out: Buffer,
  epilogue: Epilogue | undefined,
): Kernel<Product> => {
  const { m, n, k, a, b } = spec;
  const count = (spec.batch?.count ?? 1) * (spec.outer?.count ?? 1);
  const operands = [left, right].map((view) => bufferOf(view) as Buffer); // they are views of buffers
  const { ending, beside } = endingOf(spec, operands, out, epilogue);
  return {
    name: `matmul ${count === 1 ? "" : `${count} × `}[${m}, ${k}]${a.column === 1 ? "" : "ᵀ"} [${k}, ${n}]${b.column === 1 ? "" : "ᵀ"}${beside.name}`,
    reads: [...operands, ...(spec.accumulate === true ? [out] : []), ...beside.reads],
    writes: beside.writes,
    scratch: [...beside.scratch, ...panelsOf(ending)],
    inPlace: beside.inPlace,
    operations: 2 * count * m * k * n + beside.operations,
    work: { kind: "product", left, right, ending },
  };
};

export const product: Family<Product> = {
  pieces: ({ ending }) => ending.cut.pieces,
  emit: (site, { left, right, ending }, range) => {
    const at = [
      addressIn(site, left),
      addressIn(site, right),
      startOfResult(site, ending),
      startOfPacked(site, ending),
    ] as const;
    site.body.do(multiplying(site, ending, range)(...at));
  },
};
