import { type Body, type Code, f32x4, i32, i32x4, v128 } from "../../assembler/index.ts";
import { loadVector } from "../../codegen/loadStore.ts";
import { cotangentLine, inputLine, inputTerms, type Line, type Vector } from "./lines.ts";
import { type Grid, overTiles, rowBelow, rowStart, type Tiling, widthOf } from "./tiles.ts";

/** The memory for the transformed tiles of a block: one matrix `[tiles, channels]` for each element of a transform. */
export interface Target {
  readonly start: Code<"i32">;
  readonly channels: number;
  /** Elements from one matrix to the next. */
  readonly pitch: number;
}

/** Rows of the transform, each of four matrices, to be written one after another. */
type Rows = readonly number[];

/** Visits all tiles and channels of a block, four channels of one tile at a time. */
const overChannels = (
  body: Body,
  tiling: Tiling,
  block: Code<"i32">,
  grid: Grid,
  to: Target,
  below: readonly [number, number],
  visit: (place: {
    readonly from: Code<"i32">;
    readonly below: Code<"i32">;
    readonly short: Code<"i32"> | undefined;
    readonly narrow: boolean;
    readonly store: (nth: number, line: Line) => void;
  }) => void,
): void =>
  overTiles(body, tiling, block, (row) => {
    const start = rowStart(body, grid, row);
    const down = rowBelow(body, grid, row, below);
    const line = body.let(i32.add(to.start, i32.mul(row.before, 4 * to.channels)));
    return ({ column, narrow }) => {
      const corner = body.let(i32.add(start, i32.mul(column, 2 * widthOf(grid) * grid.column)));
      const target = body.let(i32.add(line, i32.mul(column, 4 * to.channels)));
      body.for(0, 4 * to.channels, 16, (c) => {
        const address = body.let(i32.add(target, c));
        visit({
          from: body.let(i32.add(corner, widthOf(grid) === 4 ? c : i32.shr_u(c, 1))),
          below: down,
          short: row.short,
          narrow,
          store: (nth, values) =>
            values.forEach((value, j) => {
              body.do(v128.store(address, value, 4 * to.pitch * (4 * nth + j)));
            }),
        });
      });
    };
  });

/** Transforms the inputs of each tile: `Bᵀ d B`. */
export const transformInputs = (
  body: Body,
  tiling: Tiling,
  block: Code<"i32">,
  grid: Grid,
  to: Target,
  rows: Rows,
): void =>
  overChannels(body, tiling, block, grid, to, [3, 2], ({ from, below, narrow, store }) => {
    const last = rows.some((r) => inputTerms[r]?.of.includes(3)) ? i32.add(from, below) : from;
    const base = [from, from, from, body.let(last)] as const;
    // Outside the image, the nearest input is read instead: no output that is kept depends on it.
    const offset = (j: number): number =>
      widthOf(grid) * grid.column * (narrow ? Math.min(j, 2) : j);
    const known = new Map<number, Line>();
    const read = (i: number): Line => {
      const down = i < 3 ? widthOf(grid) * grid.row * i : 0;
      const line =
        known.get(i) ??
        [0, 1, 2, 3].map((j) =>
          body.let(loadVector(body, grid.dtype ?? "f32", base[i] as Code<"i32">, down + offset(j))),
        );
      known.set(i, line);
      return line;
    };
    for (const [nth, r] of rows.entries()) {
      const { of, by } = inputTerms[r] as (typeof inputTerms)[number];
      const [x, y] = [read(of[0]), read(of[1])];
      store(nth, inputLine(x.map((v, j) => body.let(by(v, y[j] as Vector)))));
    }
  });

/** Transforms the cotangents of the outputs of each tile: `A ẏ Aᵀ`. Cotangents outside the image are 0. */
export const transformCotangents = (
  body: Body,
  tiling: Tiling,
  block: Code<"i32">,
  grid: Grid,
  to: Target,
  rows: Rows,
): void =>
  overChannels(body, tiling, block, grid, to, [1, 0], ({ from, below, short, narrow, store }) => {
    const zero = body.hoist(f32x4.const(0));
    const read = (at: Code<"i32">): readonly Vector[] =>
      (narrow ? [0] : [0, 1]).map((j) =>
        body.let(loadVector(body, grid.dtype ?? "f32", at, widthOf(grid) * grid.column * j)),
      );
    const upper = read(from);
    // A mask of ones if the tile has a lower half.
    const inside = short === undefined ? undefined : body.let(i32x4.splat(i32.sub(short, 1)));
    const lower = read(body.let(i32.add(from, below))).map((v) =>
      inside === undefined ? v : body.let(v128.and(v, inside)),
    );
    const columns = upper.map((v, j) => cotangentLine(v, lower[j]));
    for (const [nth, r] of rows.entries()) {
      const [x, y] = columns.map((line) => body.let(line[r] as Vector));
      store(
        nth,
        cotangentLine(x as Vector, y).map((value) => value ?? zero),
      );
    }
  });
