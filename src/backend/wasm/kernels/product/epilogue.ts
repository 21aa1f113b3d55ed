import { type Shape, sizeOf } from "../../../../tensor/shape.ts";
import {
  type Buffer,
  bufferOf,
  collapse,
  identityOf,
  makeBuffer,
  type View,
} from "../../../plan/view.ts";
import { type Code, call, f32, i32, type Operand, v128 } from "../../assembler/index.ts";
import { type Site, startOf } from "../../codegen/emitContext.ts";
import { type Fused, fitsVectors, indexOf, type Mode, rowOf } from "../../codegen/loopBody.ts";
import type { Value } from "../../codegen/pointwise/operation.ts";
import {
  type Along,
  cutOfProduct,
  cutOfScalarProduct,
  type Gemm,
  type GemmPart,
  type GemmSpec,
  gemm,
  gemmPart,
  gemmScratchBytes,
  splitsSums,
  type Tail,
} from "../../gemm/index.ts";
import { buffersOf, describe, elementwiseKernel, inPlaceOf } from "../elementwise.ts";
import type { Kernel, Range } from "../kernel.ts";

/**
 * Element-wise work on a product before it is stored: adding a bias, an activation, a mask, an optimizer's update. It
 * is a fused body that loads the product among other values.
 */
export interface Epilogue {
  /** The body, over the axes of the rows and then one axis of columns. */
  readonly body: Fused;
  /** The load that is the product, and the buffer where the product would be stored. */
  readonly product: number;
  readonly out: Buffer;
}

/** The number of last axes of a space that make up `columns` together; −1 if none do. */
const trailing = (space: Shape, columns: number): number =>
  Array.from({ length: space.length + 1 }, (_, axes) =>
    sizeOf(space.slice(space.length - axes)),
  ).indexOf(columns);

/**
 * Element-wise work as the epilogue of a product of `columns` columns; `undefined` if no axes of it are the columns.
 */
export const epilogueOf = (work: Fused, out: Buffer, columns: number): Epilogue | undefined => {
  const axes = trailing(work.space, columns);
  if (axes < 0 || !fitsVectors(work)) return undefined;
  const views = [...work.loads, ...work.stores.map((s) => s.to)];
  const rows = work.space.length - axes;
  const { shape, views: walked, leading } = collapse(work.space, views, rows);
  if (shape.length > leading + 1) return undefined;
  // One column is no axis yet.
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

/** Does the work for neighbors in one row, given their values and their byte offsets into a row of f32. */
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
      /** The address of the product, to which each column's byte offset in its row is added. */
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

type Addresses = readonly [a: Code<"i32">, b: Code<"i32">, c: Code<"i32">, scratch: Operand<"i32">];

/** How a product is computed and stored: as it is, or passed through its epilogue. */
export interface Ending {
  /** Calls the product, or the pieces of it in `range`. */
  readonly multiply: (
    site: Site,
    range?: Range,
    along?: Along,
  ) => (...at: Addresses) => Code<"void">;
  /** The result address that the product is given: it counts its rows from there. */
  readonly start: (site: Site) => Code<"i32">;
  readonly scratchBytes: number;
  /** The pieces into which threads may cut it. */
  readonly cut: { readonly along: Along; readonly pieces: number };
  /** Buffers read and written besides the operands and the scratch memory. */
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  readonly inPlace: Kernel["inPlace"];
  readonly operations: number;
  readonly name: string;
}

/** What an epilogue adds to the kernel of a product of `operands`. */
export const accessOf = (
  { body, product, out }: Epilogue,
  operands: readonly Buffer[],
): Pick<Ending, "reads" | "writes" | "inPlace" | "operations" | "name"> => ({
  reads: buffersOf(body.loads.filter((_, i) => i !== product)),
  writes: buffersOf(body.stores.map((s) => s.to)),
  // What the product reads, it reads again for other elements.
  inPlace: inPlaceOf(body).filter(([, read]) => read !== out && !operands.includes(read)),
  operations: body.operations.length * sizeOf(body.space),
  name: `, then ${describe(body) || "stored twice"}`,
});

export const endingOf = (
  given: GemmSpec,
  operands: readonly Buffer[],
  out: Buffer,
  epilogue: Epilogue | undefined,
): Ending => {
  const spec = epilogue === undefined ? given : { ...given, tailed: true };
  const cut = (out.dtype === "f32" ? cutOfProduct : cutOfScalarProduct)(spec);
  const calling =
    (
      product: (site: Site) => Gemm,
      part: (site: Site, along: Along) => GemmPart,
    ): Ending["multiply"] =>
    (site, range, along = cut.along) => {
      if (range === undefined) {
        const whole = product(site);
        return (...at) => call(whole, ...at);
      }
      const some = part(site, along);
      return (...at) => call(some, ...at, range.from, range.to);
    };
  if (epilogue === undefined)
    return {
      multiply: calling(
        (site) => site.product(out.dtype, spec),
        (site, along) => site.productPart(out.dtype, spec, along),
      ),
      start: (site) => startOf(site, out),
      scratchBytes: out.dtype === "f32" ? gemmScratchBytes(spec) : 0,
      cut,
      reads: [],
      writes: [out],
      inPlace: [],
      operations: 0,
      name: "",
    };
  const access = accessOf(epilogue, operands);
  const sums = splitsSums(spec) ? makeBuffer("f32", out.size, "sums over a part") : undefined;
  const start = (site: Site): Code<"i32"> =>
    sums === undefined ? i32.const(0) : startOf(site, sums);
  const options = (site: Site) => ({
    relaxed: site.relaxed,
    tail: tailOf(site, epilogue, start(site)),
  });
  const fresh = epilogue.body.stores
    .flatMap(({ to }) => identityOf(to) ?? [])
    .find((write) => write.dtype === "f32");
  return {
    ...access,
    multiply: calling(
      (site) => gemm(site.module, "matmul", spec, options(site)),
      (site, along) => gemmPart(site.module, "matmul", spec, options(site), along),
    ),
    start,
    scratchBytes: gemmScratchBytes(spec),
    cut,
    writes: sums === undefined ? access.writes : [...access.writes, sums],
    // Last, a result that overwrites nothing else may stand where the sums did.
    inPlace: [
      ...access.inPlace,
      ...(sums === undefined || fresh === undefined ? [] : [[fresh, sums] as const]),
    ],
  };
};

/** A product followed by its element-wise work as a separate loop. */
export const followed = (
  kernels: readonly Kernel[],
  epilogue: Epilogue | undefined,
): readonly Kernel[] =>
  epilogue === undefined ? kernels : [...kernels, elementwiseKernel(epilogue.body)];
