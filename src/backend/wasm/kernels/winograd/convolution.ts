import type { Kernel } from "../../../plan/kernel.ts";
import { type Buffer, bufferOf, makeBuffer, scratchBuffer, type View } from "../../../plan/view.ts";
import { type Body, type Code, call, i32, select, v128 } from "../../assembler/index.ts";
import { type Site, startOf } from "../../codegen/emitContext.ts";
import { type GemmSpec, gemmScratchBytes, rowMajor } from "../../gemm/index.ts";
import type { Family } from "../family.ts";
import { besideEpilogue, cornersOf, type Epilogue } from "../product/epilogue.ts";
import { countsOf, type Sliding } from "../slidingWindows.ts";
import { kernelLine, type Line, outputLine, type Vector } from "./lines.ts";
import {
  type Grid,
  overBlocks,
  overTiles,
  pitchOf,
  type Row,
  rowBelow,
  rowStart,
  type Tile,
  type Tiling,
  tilingOf,
  widthOf,
} from "./tiles.ts";
import { type Target, transformInputs } from "./transform.ts";

/** Maximum bytes of a block's transformed tiles, which stay in the second-level cache with room to spare. */
const blockBytes = 2 ** 18;

const every = [0, 1, 2, 3];

const stepsOf = (view: Pick<View, "strides">, image: number, [row, column]: Sliding["places"]) => ({
  image,
  row: view.strides[row] as number,
  column: view.strides[column] as number,
});

/** The images to which windows belong, as a grid. */
export const inputGrid = (site: Site, { view, imageStep, places }: Sliding): Grid => ({
  start: startOf(site, bufferOf(view) as Buffer, widthOf(view) * view.offset), // windows are of a buffer
  dtype: view.dtype,
  ...stepsOf(view, imageStep, places),
});

/** Transforms a kernel `[3, 3, inputs, outputs]` to `G g Gᵀ`: 16 matrices `[inputs, outputs]`, one after another. */
export interface KernelTransform {
  readonly kind: "kernelTransform";
  readonly kernel: View;
  /** The number of elements of a matrix. */
  readonly elements: number;
  readonly to: Buffer;
}

export const kernelTransformKernel = (
  kernel: View,
  elements: number,
  to: Buffer,
): Kernel<KernelTransform> => ({
  name: `Winograd's transform of a kernel 3×3 of ${elements}`,
  reads: [bufferOf(kernel) as Buffer],
  writes: [to],
  scratch: [],
  inPlace: [],
  operations: 28 * elements,
  work: { kind: "kernelTransform", kernel, elements, to },
});

export const kernelTransform: Family<KernelTransform> = {
  pieces: () => 1,
  emit: (site, { kernel, elements, to: out }) => {
    const { body } = site;
    const [from, to] = [
      startOf(site, bufferOf(kernel) as Buffer, 4 * kernel.offset),
      startOf(site, out),
    ];
    body.for(0, 4 * elements, 16, (i) => {
      const [source, target] = [body.let(i32.add(from, i)), body.let(i32.add(to, i))];
      const read = (n: number): Vector => body.let(v128.load(source, 4 * elements * n));
      const named = (line: Line): Line => line.map((v) => body.let(v));
      const columns = [0, 1, 2].map((j) =>
        named(kernelLine(body, [read(j), read(3 + j), read(6 + j)])),
      );
      for (const r of every) {
        const [x, y, z] = columns.map((line) => line[r] as Vector);
        kernelLine(body, [x as Vector, y as Vector, z as Vector]).forEach((value, j) => {
          body.do(v128.store(target, value, 4 * elements * (4 * r + j)));
        });
      }
    });
  },
};

/**
 * Receives four channels of each output in one line of a tile, the upper or the lower; channels are counted in bytes.
 */
type Receiver = (line: 0 | 1, channel: Code<"i32">, values: readonly Vector[]) => void;

/** Makes, for a row of tiles, the receiver of each tile's outputs. */
type Receivers = (row: Row) => (tile: Tile) => Receiver;

/** Stores outputs in the result. */
const storing =
  (body: Body, grid: Grid): Receivers =>
  (row) => {
    const start = rowStart(body, grid, row);
    const below = rowBelow(body, grid, row, [1, 1]);
    return ({ column }) => {
      const corner = body.let(i32.add(start, i32.mul(column, 2 * 4 * grid.column)));
      return (line, channel, values) => {
        const first = i32.add(corner, channel);
        const at = body.let(line === 0 ? first : i32.add(first, below));
        values.forEach((value, j) => {
          body.do(v128.store(at, value, 4 * grid.column * j));
        });
      };
    };
  };

/** Passes outputs through an epilogue, in which each position of each image is a row. */
const passing =
  (site: Site, epilogue: Epilogue, rows: Omit<Grid, "start">): Receivers =>
  (row) => {
    const { body } = site;
    const first = i32.add(i32.mul(row.image, rows.image), i32.mul(row.row, 2 * rows.row));
    const start = body.let(first);
    // If there is no lower line, the upper line is read in its place.
    const below =
      row.short === undefined
        ? i32.const(rows.row)
        : body.let(select(i32.const(0), i32.const(rows.row), row.short));
    return ({ column, narrow }) => {
      const upper = body.let(i32.add(start, i32.mul(column, 2 * rows.column)));
      const lines = [upper, body.let(i32.add(upper, below))].map((left) =>
        (narrow ? [0] : [0, 1]).map((j) =>
          cornersOf(site, epilogue, body.let(i32.add(left, j * rows.column)), "vector"),
        ),
      );
      return (line, channel, values) =>
        values.forEach((value, j) => {
          lines[line]?.[j]?.(channel, value);
        });
    };
  };

/** Writes the back-transformation `Aᵀ m A` of each tile of a block. */
const transformOutputs = (
  body: Body,
  tiling: Tiling,
  block: Code<"i32">,
  products: Target,
  takers: Receivers,
): void =>
  overTiles(body, tiling, block, (row) => {
    const takerOf = takers(row);
    const line = body.let(i32.add(products.start, i32.mul(row.before, 4 * products.channels)));
    return (tile) => {
      const take = takerOf(tile);
      const source = body.let(i32.add(line, i32.mul(tile.column, 4 * products.channels)));
      body.for(0, 4 * products.channels, 16, (c) => {
        const from = body.let(i32.add(source, c));
        const lines = every.map((r) => {
          const read = (j: number): Vector =>
            body.let(v128.load(from, 4 * products.pitch * (4 * r + j)));
          return outputLine(every.map(read)).map((v) => body.let(v));
        });
        const outputs = [0, 1].map((i) =>
          (tile.narrow ? [0] : [0, 1]).map((j) =>
            body.let(outputLine(lines.map((l) => l[j] as Vector))[i] as Vector),
          ),
        );
        const write = (i: 0 | 1): void => take(i, c, outputs[i] as readonly Vector[]);
        write(0);
        const second = (): void => write(1);
        if (row.short === undefined) second();
        else body.if(i32.eqz(row.short), second);
      });
    };
  });

/**
 * The convolution of windows with a transformed kernel. One block of tiles at a time is transformed, multiplied for
 * each of the 16 elements of the transform, and transformed back.
 */
export interface WinogradConvolution {
  readonly kind: "winogradConvolution";
  readonly windows: Sliding;
  /** The transformed kernel. */
  readonly kernel: Buffer;
  readonly outputs: number;
  readonly to: Buffer;
  /** The elements of the result from one image, row or column to the next. */
  readonly steps: Omit<Grid, "start">;
  readonly epilogue: Epilogue | undefined;
  readonly tiling: Tiling;
  readonly pitches: { readonly inputs: number; readonly outputs: number };
  /** The matrix products of one block. */
  readonly spec: GemmSpec;
  readonly transformed: Buffer;
  readonly products: Buffer;
  readonly packed: Buffer | undefined;
}

export const convolutionKernel = (
  windows: Sliding,
  kernel: Buffer,
  outputs: number,
  to: Buffer,
  steps: Omit<Grid, "start">,
  epilogue: Epilogue | undefined,
): Kernel<WinogradConvolution> => {
  const { channels: inputs, ...counts } = countsOf(windows);
  const tiling = tilingOf(counts, 4 * 16 * (inputs + outputs), blockBytes);
  const { tiles } = tiling;
  const pitches = { inputs: pitchOf(tiles * inputs), outputs: pitchOf(tiles * outputs) };
  const spec: GemmSpec = {
    m: tiles,
    n: outputs,
    k: inputs,
    a: rowMajor(inputs),
    b: rowMajor(outputs),
    batch: { count: 16, a: pitches.inputs, b: inputs * outputs, c: pitches.outputs },
  };
  const transformed = scratchBuffer("f32", 16 * pitches.inputs, "transformed tiles");
  const products = scratchBuffer("f32", 16 * pitches.outputs, "products of tiles");
  const bytes = gemmScratchBytes(spec);
  const packed = bytes === 0 ? undefined : scratchBuffer("u8", bytes, "packed panels");
  const from = bufferOf(windows.view) as Buffer;
  const beside = epilogue && besideEpilogue(epilogue, [from]);
  return {
    name: `conv 3×3 [${counts.images}, ${counts.height}, ${counts.width}], ${inputs} → ${outputs}, Winograd F(2×2)${beside?.name ?? ""}`,
    reads: [from, kernel, ...(beside?.reads ?? [])],
    writes: beside?.writes ?? [to],
    scratch: [transformed, products, ...(packed === undefined ? [] : [packed])],
    inPlace: beside?.inPlace ?? [],
    operations:
      tiling.blocks * tiles * (2 * 16 * inputs * outputs + 32 * inputs + 24 * outputs) +
      (beside?.operations ?? 0),
    work: {
      kind: "winogradConvolution",
      ...{ windows, kernel, outputs, to, steps, epilogue },
      ...{ tiling, pitches, spec, transformed, products, packed },
    },
  };
};

const takersOf = (site: Site, { epilogue, to, steps, outputs }: WinogradConvolution): Receivers =>
  epilogue === undefined
    ? storing(site.body, { start: startOf(site, to), ...steps })
    : passing(site, epilogue, {
        image: steps.image / outputs,
        row: steps.row / outputs,
        column: steps.column / outputs,
      });

export const winogradConvolution: Family<WinogradConvolution> = {
  pieces: ({ tiling }) => tiling.blocks,
  emit: (site, work, range) => {
    const { windows, kernel, tiling, pitches, spec, transformed, products, packed } = work;
    const { body } = site;
    const product = site.product("f32", spec);
    const input = inputGrid(site, windows);
    const outputsTo = takersOf(site, work);
    overBlocks(body, tiling, range, (block) => {
      const left: Target = {
        start: startOf(site, transformed),
        channels: spec.k,
        pitch: pitches.inputs,
      };
      const right: Target = {
        start: startOf(site, products),
        channels: spec.n,
        pitch: pitches.outputs,
      };
      transformInputs(body, tiling, block, input, left, every);
      const spare = packed === undefined ? 0 : startOf(site, packed);
      body.do(call(product, left.start, startOf(site, kernel), right.start, spare));
      transformOutputs(body, tiling, block, right, outputsTo);
    });
  },
};

/** The buffer of a transformed kernel. */
export const transformedKernel = (elements: number): Buffer =>
  makeBuffer("f32", 16 * elements, "transformed kernel");
