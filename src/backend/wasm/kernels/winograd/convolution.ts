import { type Body, type Code, call, i32, v128 } from "../../assembler/index.ts";
import { type GemmSpec, gemmScratchBytes, rowMajor } from "../../gemm/index.ts";
import { type Site, startOf } from "../../site.ts";
import { type Buffer, bufferOf, makeBuffer, scratchBuffer, type View } from "../../view.ts";
import type { Kernel } from "../kernel.ts";
import { countsOf, type Sliding } from "../sliding.ts";
import { kernelLine, type Line, outputLine, type Vector } from "./lines.ts";
import {
  type Grid,
  overBlocks,
  overTiles,
  pitchOf,
  rowBelow,
  rowStart,
  type Tiling,
  tilingOf,
} from "./tiles.ts";
import { type Target, transformInputs } from "./transform.ts";

/** What the transformed tiles of a block may take: they stay in the second cache, with room to spare. */
const blockBytes = 2 ** 18;

const every = [0, 1, 2, 3];

const stepsOf = (view: Pick<View, "strides">, image: number, [row, column]: Sliding["places"]) => ({
  image,
  row: view.strides[row] as number,
  column: view.strides[column] as number,
});

/** The inputs under the windows, as a grid. */
export const inputGrid = (site: Site, { view, imageStep, places }: Sliding): Grid => ({
  start: startOf(site, bufferOf(view) as Buffer, 4 * view.offset), // windows are of a buffer
  ...stepsOf(view, imageStep, places),
});

/** `G g Gᵀ` of a kernel `[3, 3, inputs, outputs]`, in order: 16 matrices `[inputs, outputs]`. */
export const kernelTransform = (kernel: View, elements: number, out: Buffer): Kernel => ({
  name: `Winograd's transform of a kernel 3×3 of ${elements}`,
  reads: [bufferOf(kernel) as Buffer],
  writes: [out],
  inPlace: [],
  operations: 28 * elements,
  emit: (site) => {
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
});

/** `Aᵀ m A` for each tile of a block, written where the outputs are. */
const transformOutputs = (
  body: Body,
  tiling: Tiling,
  block: Code<"i32">,
  products: Target,
  grid: Grid,
): void =>
  overTiles(body, tiling, block, (row) => {
    const start = rowStart(body, grid, row);
    const line = body.let(i32.add(products.start, i32.mul(row.before, 4 * products.channels)));
    const below = rowBelow(body, grid, row, [1, 1]);
    return ({ column, narrow }) => {
      const corner = body.let(i32.add(start, i32.mul(column, 2 * 4 * grid.column)));
      const source = body.let(i32.add(line, i32.mul(column, 4 * products.channels)));
      body.for(0, 4 * products.channels, 16, (c) => {
        const [from, to] = [body.let(i32.add(source, c)), body.let(i32.add(corner, c))];
        const lines = every.map((r) => {
          const read = (j: number): Vector =>
            body.let(v128.load(from, 4 * products.pitch * (4 * r + j)));
          return outputLine(every.map(read)).map((v) => body.let(v));
        });
        const [upper, lower] = [0, 1].map((i) =>
          (narrow ? [0] : [0, 1]).map((j) =>
            body.let(outputLine(lines.map((l) => l[j] as Vector))[i] as Vector),
          ),
        );
        const write = (at: Code<"i32">, values: readonly Vector[] = []): void =>
          values.forEach((value, j) => {
            body.do(v128.store(at, value, 4 * grid.column * j));
          });
        write(to, upper);
        const second = (): void => write(body.let(i32.add(to, below)), lower);
        if (row.short === undefined) second();
        else body.if(i32.eqz(row.short), second);
      });
    };
  });

/**
 * The convolution of windows with a transformed kernel: tiles are transformed, multiplied in each of the 16
 * places, and transformed back, a block of them at a time.
 */
export const winogradConvolution = (
  windows: Sliding,
  kernel: Buffer,
  outputs: number,
  out: Buffer,
  outSteps: { readonly image: number; readonly row: number; readonly column: number },
): Kernel => {
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
  const panels = scratchBuffer("u8", gemmScratchBytes(spec), "packed panels");
  const from = bufferOf(windows.view) as Buffer;
  return {
    name: `conv 3×3 [${counts.images}, ${counts.height}, ${counts.width}], ${inputs} → ${outputs}, Winograd F(2×2)`,
    reads: [from, kernel],
    writes: [out, transformed, products, ...(panels.size === 0 ? [] : [panels])],
    inPlace: [],
    operations: tiling.blocks * tiles * (2 * 16 * inputs * outputs + 32 * inputs + 24 * outputs),
    pieces: tiling.blocks,
    emit: (site, range) => {
      const { body } = site;
      const product = site.product("f32", spec);
      const input = inputGrid(site, windows);
      const output: Grid = { start: startOf(site, out), ...outSteps };
      const [a, b, c] = [transformed, kernel, products].map((buffer) => startOf(site, buffer));
      const tilesOf = (start: Code<"i32">, channels: number, pitch: number): Target => ({
        start,
        channels,
        pitch,
      });
      overBlocks(body, tiling, range, (block) => {
        const left = tilesOf(a as Code<"i32">, inputs, pitches.inputs);
        const right = tilesOf(c as Code<"i32">, outputs, pitches.outputs);
        transformInputs(body, tiling, block, input, left, every);
        const spare = panels.size === 0 ? 0 : startOf(site, panels);
        body.do(call(product, left.start, b as Code<"i32">, right.start, spare));
        transformOutputs(body, tiling, block, right, output);
      });
    },
  };
};

/** The buffer that {@link kernelTransform} fills. */
export const transformedKernel = (elements: number): Buffer =>
  makeBuffer("f32", 16 * elements, "transformed kernel");
