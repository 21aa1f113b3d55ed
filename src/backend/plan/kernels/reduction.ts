import type { ReduceKind } from "../../../ir/expr.ts";
import type { Dtype } from "../../../tensor/dtype.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { buffersOf, type Computed, describe, type Pointwise } from "../fused.ts";
import type { Kernel, Reduction } from "../kernel.ts";
import type { Buffer } from "../view.ts";

/** The operation that combines two terms. */
export const combining: { readonly [K in ReduceKind]: Pointwise } = {
  sum: "add",
  prod: "mul",
  max: "maximum",
  min: "minimum",
};

/** The result of reducing no elements. */
export const emptyOf = (kind: ReduceKind, dtype: Dtype): number => {
  const bound = dtype === "i32" ? 2 ** 31 : Number.POSITIVE_INFINITY;
  switch (kind) {
    case "sum":
      return 0;
    case "prod":
      return 1;
    case "max":
      return -bound;
    case "min":
      return dtype === "i32" ? bound - 1 : bound;
  }
};

/** The neutral element of a reduction: −0 for sums of floats, since 0 + −0 is 0. */
export const neutralOf = (kind: ReduceKind, dtype: Dtype): number =>
  kind === "sum" && dtype !== "i32" ? -0 : emptyOf(kind, dtype);

/** The kernel that reduces by `combine` over `axes` a value of fused work, into `to` (the kept axes, row-major). */
export const reductionKernel = (
  combine: ReduceKind,
  of: Computed,
  value: number,
  axes: readonly number[],
  to: Buffer,
): Kernel<Reduction> => {
  const { space, loads, operations } = of;
  const names = describe(of);
  return {
    name: `${combine} over ${axes.join(", ")} of ${names === "" ? "" : `${names} `}[${space.join(", ")}]`,
    reads: buffersOf(loads),
    writes: [to],
    scratch: [],
    inPlace: [],
    operations: (operations.length + 1) * sizeOf(space),
    work: { kind: "reduction", combine, of, value, axes, to },
  };
};
