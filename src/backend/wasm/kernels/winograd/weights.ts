import { copying } from "../../../plan/fused.ts";
import type { Kernel } from "../../../plan/kernel.ts";
import {
  type Buffer,
  bufferOf,
  literal,
  makeBuffer,
  scratchBuffer,
  type View,
  whole,
} from "../../../plan/view.ts";
import { type Code, call, i32, v128 } from "../../assembler/index.ts";
import { startOf } from "../../codegen/emitContext.ts";
import { emitFused } from "../../codegen/loopBody.ts";
import {
  type GemmSpec,
  gemmScratchBytes,
  partsOfSums,
  rowMajor,
  transposed,
} from "../../gemm/index.ts";
import type { Family } from "../family.ts";
import { areMany } from "../parts.ts";
import { countsOf, type Sliding } from "../slidingWindows.ts";
import { inputGrid } from "./convolution.ts";
import { gradientLine, type Vector } from "./lines.ts";
import { type Grid, pitchOf, type Tiling, tilingOf, widthOf } from "./tiles.ts";
import { transformCotangents, transformInputs } from "./transform.ts";

/**
 * Maximum bytes of a block's transformed tiles, as for a convolution; 4 of the 16 elements of the transform are in the
 * cache at a time.
 */
const blockBytes = 2 ** 18;

/**
 * The cotangents of a convolution's outputs: their view, and the elements from one image, row or column to the next.
 */
export interface Cotangents {
  readonly view: View;
  readonly outputs: number;
  readonly image: number;
  readonly row: number;
  readonly column: number;
}

/** The elements of the gradient `[3, 3, inputs, outputs]` from one index to the next, along the first three axes. */
export interface GradientSteps {
  readonly down: number;
  readonly across: number;
  readonly input: number;
}

/**
 * The gradient of a convolution to its kernel. Tiles of inputs and of cotangents are transformed, multiplied for each
 * of the 16 elements of the transform, and summed over all tiles; the sums are transformed back. The rows of the
 * transform are independent until then, so threads can share them.
 */
export interface WinogradGradient {
  readonly kind: "winogradGradient";
  readonly windows: Sliding;
  readonly cotangents: Cotangents;
  readonly tiling: Tiling;
  readonly pitches: { readonly inputs: number; readonly outputs: number };
  /** The matrix products of one row of the transform, for one block. */
  readonly spec: GemmSpec;
  readonly left: Buffer;
  readonly right: Buffer;
  readonly packed: Buffer | undefined;
  /** The sums over all tiles; if there are many tiles, the rounding error of each sum follows. */
  readonly sums: Buffer;
}

/** Transforms the sums back, `Gᵀ m G`, for each pair of channels. */
export interface GradientTransform {
  readonly kind: "gradientTransform";
  readonly sums: Buffer;
  readonly inputs: number;
  readonly outputs: number;
  readonly to: Buffer;
  readonly steps: GradientSteps;
}

export const gradientKernels = (
  windows: Sliding,
  cotangents: Cotangents,
  to: Buffer,
  steps: GradientSteps,
): readonly Kernel<WinogradGradient | GradientTransform>[] => {
  const { channels: inputs, ...counts } = countsOf(windows);
  const { outputs } = cotangents;
  const tiling = tilingOf(counts, 4 * 4 * (inputs + outputs), blockBytes);
  const { tiles, blocks } = tiling;
  const pitches = { inputs: pitchOf(tiles * inputs), outputs: pitchOf(tiles * outputs) };
  const size = 4 * inputs * outputs;
  const product: GemmSpec = {
    m: inputs,
    n: outputs,
    k: tiles,
    a: transposed(inputs),
    b: rowMajor(outputs),
    batch: { count: 4, a: pitches.inputs, b: pitches.outputs, c: inputs * outputs },
    accumulate: true,
  };
  const lossy = areMany(blocks * partsOfSums(product));
  const spec: GemmSpec = { ...product, ...(lossy && { lost: 4 * size }) };
  const left = scratchBuffer("f32", 4 * pitches.inputs, "transformed tiles");
  const right = scratchBuffer("f32", 4 * pitches.outputs, "transformed cotangents");
  const bytes = gemmScratchBytes(spec);
  const packed = bytes === 0 ? undefined : scratchBuffer("u8", bytes, "packed panels");
  const sums = makeBuffer("f32", (lossy ? 2 : 1) * 4 * size, "transformed gradient");
  const title = `gradient of conv 3×3 [${counts.images}, ${counts.height}, ${counts.width}], ${inputs} → ${outputs}`;
  return [
    {
      name: `${title}, Winograd F(2×2)`,
      reads: [windows.view, cotangents.view].map((view) => bufferOf(view) as Buffer),
      writes: [sums],
      scratch: [left, right, ...(packed === undefined ? [] : [packed])],
      inPlace: [],
      operations: blocks * tiles * (2 * 16 * inputs * outputs + 32 * inputs + 12 * outputs),
      work: {
        kind: "winogradGradient",
        ...{ windows, cotangents, tiling, pitches, spec, left, right, packed, sums },
      },
    },
    {
      name: `Winograd's transform to a gradient 3×3 of ${inputs * outputs}`,
      reads: [sums],
      writes: [to],
      scratch: [],
      inPlace: [],
      operations: 49 * inputs * outputs,
      work: { kind: "gradientTransform", sums, inputs, outputs, to, steps },
    },
  ];
};

export const winogradGradient: Family<WinogradGradient> = {
  pieces: () => 4,
  emit: (site, work, range) => {
    const { windows, cotangents, tiling, pitches, spec, left, right, packed, sums } = work;
    const { body } = site;
    const size = 4 * spec.m * spec.n;
    const product = site.product("f32", spec);
    const input = inputGrid(site, windows);
    const output: Grid = {
      start: startOf(
        site,
        bufferOf(cotangents.view) as Buffer,
        widthOf(cotangents.view) * cotangents.view.offset,
      ),
      dtype: cotangents.view.dtype,
      image: cotangents.image,
      row: cotangents.row,
      column: cotangents.column,
    };
    const piece = (r: number): void => {
      for (const at of [r * size, ...(spec.lost === undefined ? [] : [(4 + r) * size])])
        emitFused(site, copying(literal("f32", [size], 0), { ...whole(sums, [size]), offset: at }));
      const tilesOf = (buffer: Buffer, channels: number, pitch: number) => ({
        start: startOf(site, buffer),
        channels,
        pitch,
      });
      const [a, b] = [
        tilesOf(left, spec.m, pitches.inputs),
        tilesOf(right, spec.n, pitches.outputs),
      ];
      body.for(0, tiling.blocks, 1, (block) => {
        transformInputs(body, tiling, block, input, a, [r]);
        transformCotangents(body, tiling, block, output, b, [r]);
        const spare = packed === undefined ? 0 : startOf(site, packed);
        body.do(call(product, a.start, b.start, startOf(site, sums, 4 * r * size), spare));
      });
    };
    const cases = [0, 1, 2, 3].map((r) => () => piece(r));
    if (range === undefined) for (const one of cases) one();
    else body.for(range.from, range.to, 1, (r) => body.switch(r, cases));
  },
};

export const gradientTransform: Family<GradientTransform> = {
  pieces: () => 1,
  emit: (site, { sums, inputs, outputs, to: out, steps }) => {
    const { body } = site;
    const four = [0, 1, 2, 3];
    const three = [0, 1, 2];
    body.for(0, inputs, 1, (c) => {
      const from = body.let(i32.add(startOf(site, sums), i32.mul(c, 4 * outputs)));
      const to = body.let(i32.add(startOf(site, out), i32.mul(c, 4 * steps.input)));
      body.for(0, 4 * outputs, 16, (o) => {
        const [source, target]: readonly Code<"i32">[] = [from, to].map((at) =>
          body.let(i32.add(at, o)),
        );
        const read = (n: number): Vector =>
          body.let(v128.load(source as Code<"i32">, 4 * inputs * outputs * n));
        const lines = four.map((r) =>
          gradientLine(
            body,
            four.map((j) => read(4 * r + j)),
          ).map((v) => body.let(v)),
        );
        for (const j of three)
          gradientLine(
            body,
            lines.map((line) => line[j] as Vector),
          ).forEach((value, i) => {
            const at = 4 * (i * steps.down + j * steps.across);
            body.do(v128.store(target as Code<"i32">, value, at));
          });
      });
    });
  },
};
