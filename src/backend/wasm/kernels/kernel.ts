import type {
  ArgReduction,
  Border,
  Copy,
  CumulativeSum,
  Elementwise,
  Gather,
  Kernel,
  OverlapAdd,
  RandomBits,
  ScatterAdd,
} from "../../plan/kernel.ts";
import type { Site } from "../codegen/emitContext.ts";
import type { Range } from "../codegen/partition.ts";
import { argReduction, cumulativeSum, type MergeSort, mergeSort, merging } from "./axisScans.ts";
import { border, copy, elementwise, overlapAdd } from "./elementwise.ts";
import type { Family } from "./family.ts";
import { gather, scatterAdd } from "./indexed.ts";
import { type CompensatedScatter, compensatedScatter, compensating, meetOften } from "./meeting.ts";
import { multiplied, type ProductWork, panels, product } from "./product/contraction.ts";
import { directProduct } from "./product/directConv.ts";
import { blockedProduct } from "./product/packedProduct.ts";
import { randomBits } from "./random.ts";
import {
  type ReductionAcross,
  type ReductionAlong,
  reductionAcross,
  reductionAlong,
  walked,
} from "./reduction.ts";
import { kernelTransform, winogradConvolution } from "./winograd/convolution.ts";
import { gradientTransform, winogradGradient } from "./winograd/weights.ts";

/** Turns the kernels of a program into kernels of WebAssembly, and writes their code. */

/** The kinds of work of a WebAssembly kernel: most of those that all targets share, and some of its own. */
export type WasmWork =
  | Elementwise
  | Copy
  | Border
  | OverlapAdd
  | ArgReduction
  | CumulativeSum
  | MergeSort
  | Gather
  | ScatterAdd
  | CompensatedScatter
  | RandomBits
  | ReductionAlong
  | ReductionAcross
  | ProductWork;

/** A kernel of WebAssembly. */
export interface WasmKernel extends Kernel<WasmWork> {
  /** The number of pieces into which threads may split it. */
  readonly pieces: number;
}

/** How work of each kind is split and written. */
const families: {
  readonly [K in WasmWork["kind"]]: Family<Extract<WasmWork, { readonly kind: K }>>;
} = {
  elementwise,
  copy,
  border,
  overlapAdd,
  argReduction,
  cumulativeSum,
  mergeSort,
  gather,
  scatterAdd,
  compensatedScatter,
  randomBits,
  reductionAlong,
  reductionAcross,
  panels,
  product,
  blockedProduct,
  directProduct,
  kernelTransform,
  winogradConvolution,
  winogradGradient,
  gradientTransform,
};

/** The family of one kind of work. TypeScript does not see that it belongs to this very kind. */
const familyOf = (work: WasmWork): Family<WasmWork> => families[work.kind] as Family<WasmWork>;

/** Writes the code of a kernel, or of the pieces of it in `range`. */
export const emitKernel = ({ work }: Kernel<WasmWork>, site: Site, range?: Range): void =>
  familyOf(work).emit(site, work, range);

/** The kernels that replace a kernel: for most kinds, the kernel itself. */
const ownOf = (kernel: Kernel): readonly Kernel<WasmWork>[] => {
  const { work, ...about } = kernel;
  switch (work.kind) {
    case "reduction":
      return [walked({ ...about, work })];
    case "contraction":
      return multiplied({ ...about, work });
    case "sort":
      return [merging({ ...about, work })];
    case "scatterAdd":
      return [meetOften(work) ? compensating({ ...about, work }) : { ...about, work }];
    default:
      return [{ ...about, work }];
  }
};

/** The kernels of WebAssembly that together do the work of one kernel. */
export const expand = (kernel: Kernel): readonly WasmKernel[] =>
  ownOf(kernel).map((own) => ({ ...own, pieces: familyOf(own.work).pieces(own.work) }));
