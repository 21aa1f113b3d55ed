import type { DotParams } from "../../../ir/expr.ts";
import { extent, others } from "../axisGroups.ts";
import { buffersOf, describe, type Fused, operationsIn, writtenBy } from "../fused.ts";
import type { Contraction, Kernel } from "../kernel.ts";
import { type Buffer, bufferOf, type View } from "../view.ts";

/** The kernel of a general dot product of two views, with element-wise work on the product before it is stored. */
export const contractionKernel = (
  params: DotParams,
  left: View,
  right: View,
  to: Buffer,
  ending?: Fused,
): Kernel<Contraction> => {
  const { batch, contract } = params;
  const rows = extent(left, others(left, batch[0], contract[0]));
  const columns = extent(right, others(right, batch[1], contract[1]));
  const [count, terms] = [extent(left, batch[0]), extent(left, contract[0])];
  const loaded = buffersOf(ending?.loads ?? []).filter((buffer) => buffer !== to);
  const then = ending === undefined ? "" : `, then ${describe(ending) || "stored twice"}`;
  return {
    name: `matmul ${count === 1 ? "" : `${count} × `}[${rows}, ${terms}] [${terms}, ${columns}]${then}`,
    reads: [...new Set([...buffersOf([left, right]), ...loaded])],
    writes: ending === undefined ? [to] : writtenBy(ending),
    scratch: [],
    inPlace: [],
    operations: 2 * count * rows * terms * columns + (ending ? operationsIn(ending) : 0),
    work: { kind: "contraction", params, left, right, to, ending },
  };
};

/** The shared, kept and contracted axes of both operands. The product has the shared axes first, then rows, then columns. */
export const axesOf = ({ params: { batch, contract }, left, right }: Contraction) => ({
  rows: others(left, batch[0], contract[0]),
  columns: others(right, batch[1], contract[1]),
  shared: batch,
  summed: contract,
});

/** The buffers of those operands that are in memory. */
export const operandsOf = ({ left, right }: Contraction): readonly Buffer[] =>
  [left, right].flatMap((view) => bufferOf(view) ?? []);
