/** Copies parts of `A` and `B` in the order in which the kernel reads them. */

import { bytesPerElement, type Dtype } from "../../../tensor/dtype.ts";
import {
  type Code,
  type Fn,
  f32,
  i8x16,
  i32,
  type ModuleBuilder,
  v128,
} from "../assembler/index.ts";
import { loadScalar, loadVector } from "../codegen/loadStore.ts";
import type { GemmSpec } from "./spec.ts";

/** `(from, to, steps)`: copies one tile of `A` or one panel of `B` for `steps` steps of k. */
export type Packer = Fn<readonly ["i32", "i32", "i32"], "void">;

const evens = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const odds = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const lows = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const highs = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/**
 * Makes a function that writes, for each step of k, `size` neighbors (rows of `A`, or columns of `B`), then zeros up to
 * `padded`. `across` and `along` are the strides in bytes. Halves
 * become f32.
 */
export const packer = (
  module: ModuleBuilder,
  name: string,
  across: number,
  along: number,
  size: number,
  padded: number,
  dtype: Dtype = "f32",
): Packer => {
  const width = bytesPerElement(dtype);
  const key = [name, across, along, size, padded, ...(dtype === "f32" ? [] : [dtype])];
  return module.once(JSON.stringify(key), () =>
    module.func(name, ["i32", "i32", "i32"], "void", (body, from, to, steps) => {
      const one = (offset: number, at: number): Code<"void"> =>
        f32.store(to, loadScalar(body, dtype, from, offset) as Code<"f32">, at); // a half is one, too
      /** Writes `count` steps at once by 4×4 transposition, for operands whose neighbors in k are contiguous. */
      const transpose = (i: number): void => {
        const line = (r: number): Code<"v128"> =>
          body.let(loadVector(body, dtype, from, (i + r) * across));
        const [w, x, y, z] = [line(0), line(1), line(2), line(3)] as const;
        const wx = [body.let(i8x16.shuffle(evens, w, x)), body.let(i8x16.shuffle(odds, w, x))];
        const yz = [body.let(i8x16.shuffle(evens, y, z)), body.let(i8x16.shuffle(odds, y, z))];
        [0, 1, 2, 3].forEach((u) => {
          const halves = u % 2 === 0 ? lows : highs;
          const pair = u < 2 ? 0 : 1;
          body.do(
            v128.store(to, i8x16.shuffle(halves, wx[pair]!, yz[pair]!), 4 * (u * padded + i)),
          );
        });
      };
      const advance = (count: number): void => {
        body.set(from, i32.add(from, count * along));
        body.set(to, i32.add(to, 4 * count * padded));
        body.set(steps, i32.sub(steps, count));
      };
      if (along === width && across !== width)
        body.block((done) =>
          body.loop((again) => {
            body.brIf(done, i32.lt_s(steps, 4));
            const quads = Math.floor(size / 4);
            for (let q = 0; q < quads; q++) transpose(4 * q);
            for (let i = 4 * quads; i < padded; i++)
              for (let u = 0; u < 4; u++)
                body.do(
                  i < size
                    ? one(i * across + u * along, 4 * (u * padded + i))
                    : f32.store(to, 0, 4 * (u * padded + i)),
                );
            advance(4);
            body.br(again);
          }),
        );
      body.block((done) =>
        body.loop((again) => {
          body.brIf(done, i32.eqz(steps));
          const quads = across === width ? Math.floor(size / 4) : 0;
          for (let q = 0; q < quads; q++)
            body.do(v128.store(to, loadVector(body, dtype, from, 4 * width * q), 16 * q));
          for (let i = 4 * quads; i < padded; i++)
            body.do(i < size ? one(i * across, 4 * i) : f32.store(to, 0, 4 * i));
          advance(1);
          body.br(again);
        }),
      );
    }),
  );
};

/** Packs tiles of `A` with this many rows. */
export const packRows = (
  module: ModuleBuilder,
  name: string,
  { a, halves }: GemmSpec,
  height: number,
): Packer => {
  const dtype = halves?.a ?? "f32";
  const bytes = bytesPerElement(dtype);
  return packer(
    module,
    `${name}.a${height}`,
    bytes * a.row,
    bytes * a.column,
    height,
    height,
    dtype,
  );
};

/** Packs panels of `B` with this many columns. */
export const packColumns = (
  module: ModuleBuilder,
  name: string,
  { b, halves }: GemmSpec,
  width: number,
): Packer => {
  const dtype = halves?.b ?? "f32";
  const bytes = bytesPerElement(dtype);
  const padded = 4 * Math.ceil(width / 4);
  return packer(module, `${name}.b${width}`, bytes * b.column, bytes * b.row, width, padded, dtype);
};
