import { sizeOf } from "../../../tensor/shape.ts";
import {
  type Buffer,
  bufferOf,
  identityOf,
  isContiguous,
  literal,
  makeBuffer,
  type View,
  whole,
} from "../../plan/view.ts";
import { emitFused, type Fused, piecesOf } from "../codegen/loopBody.ts";
import type { Kernel } from "./kernel.ts";

const distinct = <A>(xs: readonly A[]): readonly A[] => [...new Set(xs)];

/** The buffers that a fused body loads from. */
export const buffersOf = (views: readonly View[]): readonly Buffer[] =>
  distinct(views.flatMap((v) => bufferOf(v) ?? []));

/** The names of the fused operations, each once, with its count. */
export const describe = ({ operations }: Fused): string => {
  const counts = new Map<string, number>();
  for (const { primitive } of operations) counts.set(primitive, (counts.get(primitive) ?? 0) + 1);
  return Array.from(counts, ([name, n]) => (n === 1 ? name : `${name}×${n}`)).join(" ");
};

/** The buffers that a body reads and may overwrite. */
export const inPlaceOf = ({ loads, stores }: Fused): Kernel["inPlace"] =>
  stores.flatMap(({ to }) => {
    const write = identityOf(to);
    if (write === undefined) return [];
    return buffersOf(loads).flatMap((read) => {
      const everywhere = loads.every((v) => bufferOf(v) !== read || identityOf(v) === read);
      return everywhere && read.dtype === write.dtype ? [[write, read] as const] : [];
    });
  });

/** The kernel of a group of element-wise operations: one loop. */
export const elementwiseKernel = (fused: Fused): Kernel => {
  const writes = buffersOf(fused.stores.map((s) => s.to));
  return {
    name: `${describe(fused) || "copy"} [${fused.space.join(", ")}]`,
    reads: buffersOf(fused.loads),
    writes,
    inPlace: inPlaceOf(fused),
    operations: fused.operations.length * sizeOf(fused.space),
    pieces: piecesOf(fused),
    emit: (site, range) => emitFused(site, fused, range),
  };
};

/** The kernel that copies one view into another of the same shape; none if they share their memory. */
export const copyKernel = (from: View, to: View): Kernel => {
  const work: Fused = {
    space: from.shape,
    loads: [from],
    operations: [],
    stores: [{ value: 0, to }],
  };
  const kernel = elementwiseKernel(work);
  const [source, target] = [identityOf(from), identityOf(to)];
  if (source === undefined || target === undefined) return kernel;
  return {
    ...kernel,
    emit: (site, range) => {
      const [a, b] = [site.locate(source), site.locate(target)];
      const shared = a.fixed === b.fixed && a.moving === undefined && b.moving === undefined;
      if (!shared) emitFused(site, work, range);
    },
  };
};

/** The kernel that fills a view with one number. */
export const fillKernel = (to: View, value: number): Kernel =>
  copyKernel(literal(to.dtype, to.shape, value), to);

/** A view as contiguous memory: itself if it is contiguous, else a copy. */
export const packedView = (
  view: View,
): { readonly view: View; readonly copies: readonly Kernel[] } => {
  if (isContiguous(view)) return { view, copies: [] };
  const buffer = makeBuffer(view.dtype, sizeOf(view.shape), "operand in order");
  const to = whole(buffer, view.shape);
  return { view: to, copies: [copyKernel(view, to)] };
};
