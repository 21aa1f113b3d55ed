import { type Shape, sizeOf } from "../../../../tensor/shape.ts";
import {
  buffersOf,
  describe,
  type Fused,
  inPlaceOf,
  operationsIn,
  writtenBy,
} from "../../../plan/fused.ts";
import type { Access, Elementwise, Kernel } from "../../../plan/kernel.ts";
import { elementwiseKernel } from "../../../plan/kernels/elementwise.ts";
import {
  type Buffer,
  bufferOf,
  collapse,
  identityOf,
  makeBuffer,
  scratchBuffer,
  type View,
} from "../../../plan/view.ts";
import {
  type Code,
  call,
  f32,
  i32,
  longestInBytes,
  type Operand,
  v128,
} from "../../assembler/index.ts";
import { type Site, startOf } from "../../codegen/emitContext.ts";
import { fitsVectors, indexOf, type Mode, rowOf } from "../../codegen/loopBody.ts";
import type { Range } from "../../codegen/partition.ts";
import type { Value } from "../../codegen/pointwise/operation.ts";
import {
  type Along,
  cutOfProduct,
  cutOfScalarProduct,
  type GemmSpec,
  gemm,
  gemmPart,
  gemmScratchBytes,
  splitsSums,
  type Tail,
} from "../../gemm/index.ts";

/**
 * Element-wise work on a product before it is stored: adding a bias, an activation, a mask, an optimizer's update. It
 * is fused work that loads the product among other values.
 */
export interface Epilogue {
  /** The work, over the axes of the rows and then one axis of columns. */
  readonly body: Fused;
  /** The number of the load that reads the product, and the buffer in which the product would be stored. */
  readonly product: number;
  readonly out: Buffer;
}

/** The number of last axes of a space that together have `columns` indices; −1 if no number of axes does. */
const trailing = (space: Shape, columns: number): number =>
  Array.from({ length: space.length + 1 }, (_, axes) =>
    sizeOf(space.slice(space.length - axes)),
  ).indexOf(columns);

/**
 * Turns element-wise work into the epilogue of a product with `columns` columns; `undefined` if the last axes of the
 * work are not the columns.
 */
export const epilogueOf = (work: Fused, out: Buffer, columns: number): Epilogue | undefined => {
  const axes = trailing(work.space, columns);
  if (axes < 0 || !fitsVectors(work)) return undefined;
  const views = [...work.loads, ...work.stores.map((s) => s.to)];
  const rows = work.space.length - axes;
  const { shape, views: walked, leading } = collapse(work.space, views, rows, longestInBytes);
  if (shape.length > leading + 1) return undefined;
  // With one column, the collapsed space lacks the axis of columns.
  const alone = shape.length === leading ? [1] : [];
  const ready = walked.map((view) => ({
    ...view,
    shape: [...shape, ...alone],
    strides: [...view.strides, ...alone],
  }));
  const body: Fused = {
    space: [...shape, ...alone],
    loads: ready.slice(0, work.loads.length),
    operations: work.operations,
    stores: work.stores.map(({ value }, i) => ({
      value,
      to: ready[work.loads.length + i] as View,
    })),
  };
  const product = work.loads.findIndex((view) => bufferOf(view) === out);
  return body.stores.every(({ to }) => to.strides.at(-1) === 1)
    ? { body, product, out }
    : undefined;
};

/** The indices of a row along the axes of rows. */
const placeOf = (
  site: Site,
  extents: readonly number[],
  row: Code<"i32">,
): readonly Code<"i32">[] => {
  const [first, ...inner] = extents;
  if (first === undefined) return [];
  if (inner.length === 0) return [row];
  const size = inner.reduce((n, d) => n * d, 1);
  const here = site.body.let(i32.div_u(row, size));
  return [here, ...placeOf(site, inner, site.body.let(i32.rem_u(row, size)))];
};

/** Writes the work for neighbors in one row, given their values and their byte offsets in a row of f32. */
export const cornersOf = (
  site: Site,
  { body, product }: Epilogue,
  row: Code<"i32">,
  mode: Mode,
): ((bytes: Code<"i32">, value: Value) => void) => {
  const line = rowOf(site, body, placeOf(site, body.space.slice(0, -1), row), mode);
  return (bytes, value) => {
    const index = indexOf(site, bytes, 4);
    line.store(line.values(index, new Map([[product, value]])), index);
  };
};

/** Turns an epilogue into the tail of a matrix product. */
const tailOf = (site: Site, epilogue: Epilogue, start: Operand<"i32">): Tail => ({
  start,
  take: site.module.func(
    "epilogue",
    ["i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, block, row, rows, column, columns) => {
      const here: Site = { ...site, body };
      const length = epilogue.body.space.at(-1) as number;
      const left = body.let(i32.shl(column, 2));
      const right = body.let(i32.shl(i32.add(column, columns), 2));
      const middle = body.let(i32.add(left, i32.shl(i32.and(columns, -4), 2)));
      const end = body.let(i32.add(row, rows));
      /** The address to which each column's byte offset in its row is added. */
      const line = body.let(i32.sub(block, left));
      body.for(row, end, 1, (r) => {
        const some = (mode: Mode, from: Code<"i32">, to: Code<"i32">, step: number): void => {
          const corner = cornersOf(here, epilogue, r, mode);
          body.for(from, to, step, (at) =>
            corner(at, body.let((mode === "vector" ? v128 : f32).load(i32.add(line, at)))),
          );
        };
        if (length >= 4) some("vector", left, middle, 16);
        if (length % 4 > 0) some("scalar", middle, right, 4);
        body.set(line, i32.add(line, 4 * length));
      });
    },
  ),
});

/** How a product is stored: as it is, or after its epilogue. */
export interface Ending {
  readonly spec: GemmSpec;
  readonly epilogue: Epilogue | undefined;
  /** The buffer that stores the product; `undefined` if only its epilogue reads it. */
  readonly to: Buffer | undefined;
  /** Scratch memory for packed panels, if there are any. */
  readonly packed: Buffer | undefined;
  /** The pieces into which threads may split it. */
  readonly cut: { readonly along: Along; readonly pieces: number };
  readonly dtype: Buffer["dtype"];
}

/**
 * The memory that an epilogue touches in addition to the product's `operands`, its cost, and its part of the kernel's
 * name.
 */
export const besideEpilogue = (
  { body, product, out }: Epilogue,
  operands: readonly Buffer[],
): Access => ({
  reads: buffersOf(body.loads.filter((_, i) => i !== product)),
  writes: writtenBy(body),
  scratch: [],
  // The product reads its operands again for other elements, so no result may overwrite them.
  inPlace: inPlaceOf(body).filter(([, read]) => read !== out && !operands.includes(read)),
  operations: operationsIn(body),
  name: `, then ${describe(body) || "stored twice"}`,
});

/**
 * Decides how a product is stored. `beside` is the memory that its kernel touches for this, without the operands and
 * packed panels.
 */
export const endingOf = (
  given: GemmSpec,
  operands: readonly Buffer[],
  out: Buffer,
  epilogue: Epilogue | undefined,
): { readonly ending: Ending; readonly beside: Access } => {
  const spec = epilogue === undefined ? given : { ...given, tailed: true };
  const isSingle = out.dtype === "f32";
  const bytes = isSingle ? gemmScratchBytes(spec) : 0;
  const packed = bytes === 0 ? undefined : scratchBuffer("u8", bytes, "packed panels");
  const cut = (isSingle ? cutOfProduct : cutOfScalarProduct)(spec);
  const made = { spec, epilogue, packed, cut, dtype: out.dtype };
  if (epilogue === undefined)
    return {
      ending: { ...made, to: out },
      beside: { reads: [], writes: [out], scratch: [], inPlace: [], operations: 0, name: "" },
    };
  const beside = besideEpilogue(epilogue, operands);
  if (!splitsSums(spec)) return { ending: { ...made, to: undefined }, beside };
  const sums = makeBuffer("f32", out.size, "sums over a part");
  const fresh = epilogue.body.stores
    .flatMap(({ to }) => identityOf(to) ?? [])
    .find((write) => write.dtype === "f32");
  return {
    ending: { ...made, to: sums },
    beside: {
      ...beside,
      scratch: [sums],
      // A result that overwrites nothing else may take the place of the sums at the end.
      inPlace: [...beside.inPlace, ...(fresh === undefined ? [] : [[fresh, sums] as const])],
    },
  };
};

/** The buffer of packed panels, if there is one. */
export const panelsOf = ({ packed }: Ending): readonly Buffer[] =>
  packed === undefined ? [] : [packed];

/** The address of the result with which a product is called, and from which it counts rows. */
export const startOfResult = (site: Site, { to }: Ending): Code<"i32"> =>
  to === undefined ? i32.const(0) : startOf(site, to);

/** The address of a product's scratch memory. */
export const startOfPacked = (site: Site, { packed }: Ending): Code<"i32"> =>
  packed === undefined ? i32.const(0) : startOf(site, packed);

type Addresses = readonly [a: Code<"i32">, b: Code<"i32">, c: Code<"i32">, scratch: Operand<"i32">];

/** Makes the function of a product, and returns how to call it: for all pieces, or for those in `range`. */
export const multiplying = (
  site: Site,
  ending: Ending,
  range?: Range,
  along: Along = ending.cut.along,
): ((...at: Addresses) => Code<"void">) => {
  const { spec, epilogue, dtype } = ending;
  const { module, relaxed } = site;
  const options = () => ({
    relaxed,
    tail: tailOf(site, epilogue as Epilogue, startOfResult(site, ending)), // only called if there is an epilogue
  });
  if (range === undefined) {
    const whole =
      epilogue === undefined ? site.product(dtype, spec) : gemm(module, "matmul", spec, options());
    return (...at) => call(whole, ...at);
  }
  const some =
    epilogue === undefined
      ? site.productPart(dtype, spec, along)
      : gemmPart(module, "matmul", spec, options(), along);
  return (...at) => call(some, ...at, range.from, range.to);
};

/** The kernels of a product, then its element-wise work as a separate loop. */
export const followed = <W>(
  kernels: readonly Kernel<W>[],
  epilogue: Epilogue | undefined,
): readonly Kernel<W | Elementwise>[] =>
  epilogue === undefined ? kernels : [...kernels, elementwiseKernel(epilogue.body)];
