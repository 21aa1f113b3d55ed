import { bytesPerElement, type Dtype } from "../../../tensor/dtype.ts";
import type { Buffer, Counter, View } from "../../plan/view.ts";
import { type Code, type Global, i32 } from "../assembler/index.ts";
import type { Along, Gemm, GemmPart, GemmSpec, Panels } from "../gemm/index.ts";
import type { Site as Place } from "./pointwise/operation.ts";

/** The place where a kernel's code is written: the functions that it may call, and the addresses of buffers. */
export interface Site extends Place {
  readonly locate: (buffer: Buffer) => Location;
  /** The variable of the module that holds a loop's counter. */
  readonly counter: (name: Counter) => Global<"i32">;
  /** The function of the module that computes a matrix product; equal products share one. */
  readonly product: (dtype: Dtype, spec: GemmSpec) => Gemm;
  /** The function that computes some pieces of a matrix product. */
  readonly productPart: (dtype: Dtype, spec: GemmSpec, along: Along) => GemmPart;
  /** The function that makes the panels of the right operand of such a product. */
  readonly panels: (spec: GemmSpec) => Panels;
}

/** An address: a number known at compile time, plus a moving part for slices in a loop. */
export interface Location {
  readonly fixed: number;
  readonly moving: Code<"i32"> | undefined;
}

/** An address as code and as the offset of a load or store. */
export interface Address {
  readonly code: Code<"i32"> | undefined;
  readonly offset: number;
}

export const plus = (...terms: readonly (Code<"i32"> | undefined)[]): Code<"i32"> | undefined =>
  terms.reduce(
    (sum, term) => (sum === undefined ? term : term === undefined ? sum : i32.add(sum, term)),
    undefined,
  );

export const times = (x: Code<"i32">, factor: number): Code<"i32"> | undefined =>
  factor === 0 ? undefined : factor === 1 ? x : i32.mul(x, factor);

/** A place along an axis: code, or a number known at compile time. */
export type Position = Code<"i32"> | number;

/**
 * The address of the element of `view` at `index`: one index per axis from the first on, or fewer. Only a non-negative
 * fixed part may be an offset, since an offset is added without wrapping around.
 */
export const addressOf = (site: Site, view: View, index: readonly Position[]): Address => {
  if (view.source.kind !== "buffer") return { code: undefined, offset: 0 };
  const width = bytesPerElement(view.dtype);
  const { fixed, moving } = site.locate(view.source.buffer);
  const bytes = (a: number): number => (view.strides[a] as number) * width;
  const known = index.reduce<number>(
    (n, i, a) => (typeof i === "number" ? n + i * bytes(a) : n),
    0,
  );
  const start = fixed + view.offset * width + known;
  const steps = index.map((i, a) => (typeof i === "number" ? undefined : times(i, bytes(a))));
  if (start < 0 || view.strides.some((s) => s < 0))
    return { code: plus(i32.const(start), moving, ...steps), offset: 0 };
  return { code: plus(moving, ...steps), offset: start };
};

/** The address `bytes` after the start of a buffer, as one number on the stack. */
export const startOf = (site: Site, buffer: Buffer, bytes = 0): Code<"i32"> => {
  const { fixed, moving } = site.locate(buffer);
  return moving === undefined ? i32.const(fixed + bytes) : i32.add(moving, fixed + bytes);
};
