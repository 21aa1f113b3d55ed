import type { Expr } from "../../ir/expr.ts";
import { add, mul } from "../../ir/ops/elementwise.ts";
import { key as keyOf } from "../../tensor/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ones, zeros } from "../initializers.ts";
import type { Symbolic } from "../layer.ts";

/** The scale and offset of each feature, applied after a normalization. */
export interface ScaleOffset {
  readonly scale: Tensor;
  readonly offset: Tensor;
}

/** Initial scale 1 and offset 0. */
export const initScaleOffset = (features: number): ScaleOffset => ({
  scale: ones(keyOf(0), [features]),
  offset: zeros(keyOf(0), [features]),
});

/** `x·scale + offset` along the last axis. */
export const rescaled = (x: Expr, { scale, offset }: Symbolic<ScaleOffset>): Expr =>
  add(mul(x, scale), offset);
