import { bytesPerElement, type Dtype } from "../../../../tensor/dtype.ts";
import { type Body, type Code, i32, select } from "../../assembler/index.ts";
import type { Range } from "../../codegen/partition.ts";

/** How images are split into tiles of 2×2 outputs, and rows of tiles into blocks that stay in the cache. */
export interface Tiling {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  /** The number of tiles along each axis. The last tile may extend beyond the image. */
  readonly rows: number;
  readonly columns: number;
  /** The rows of tiles in a block, and the tiles in it. */
  readonly rowsPerBlock: number;
  readonly tiles: number;
  readonly blocks: number;
}

export const tilingOf = (
  { images, height, width }: Pick<Tiling, "images" | "height" | "width">,
  bytesPerTile: number,
  bytesPerBlock: number,
): Tiling => {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const all = images * rows;
  const most = Math.max(1, Math.floor(bytesPerBlock / (bytesPerTile * columns)));
  // All blocks have the same size, so that one piece of code computes all of them.
  let rowsPerBlock = Math.min(all, most);
  while (all % rowsPerBlock !== 0) rowsPerBlock -= 1;
  return {
    ...{ images, height, width, rows, columns, rowsPerBlock },
    tiles: rowsPerBlock * columns,
    blocks: all / rowsPerBlock,
  };
};

/**
 * An address for each position of each image: that of the first, and the elements from one image, row or column to the
 * next.
 */
export interface Grid {
  readonly start: Code<"i32">;
  readonly image: number;
  readonly row: number;
  readonly column: number;
  /** The dtype of the elements. Defaults to `f32`. */
  readonly dtype?: Dtype;
}

/** The bytes of an element of a grid. */
export const widthOf = ({ dtype = "f32" }: Pick<Grid, "dtype">): number => bytesPerElement(dtype);

/** A row of tiles. */
export interface Row {
  readonly image: Code<"i32">;
  readonly row: Code<"i32">;
  /** The number of tiles of the block before this row. */
  readonly before: Code<"i32">;
  /** Whether the lower half of the tiles is outside the image; `undefined` if it never is. */
  readonly short: Code<"i32"> | undefined;
}

/** A tile of a row; `narrow` says that its right half is outside the image. */
export interface Tile {
  readonly column: Code<"i32">;
  readonly narrow: boolean;
}

/** Visits every tile of a block. The code that `enter` writes runs once for each row. */
export const overTiles = (
  body: Body,
  { rows, columns, rowsPerBlock, height, width }: Tiling,
  block: Code<"i32">,
  enter: (row: Row) => (tile: Tile) => void,
): void =>
  body.for(0, rowsPerBlock, 1, (r) => {
    const number = body.let(i32.add(i32.mul(block, rowsPerBlock), r));
    const image = body.let(i32.div_u(number, rows));
    const row = body.let(i32.sub(number, i32.mul(image, rows)));
    const short = height % 2 === 0 ? undefined : body.let(i32.eq(row, rows - 1));
    const visit = enter({ image, row, before: body.let(i32.mul(r, columns)), short });
    const whole = Math.floor(width / 2);
    if (whole > 0) body.for(0, whole, 1, (column) => visit({ column, narrow: false }));
    if (whole < columns) visit({ column: i32.const(whole), narrow: true });
  });

/** The address of the first position of a row of tiles. */
export const rowStart = (body: Body, grid: Grid, { image, row }: Row): Code<"i32"> =>
  body.let(
    i32.add(
      grid.start,
      i32.add(
        i32.mul(image, widthOf(grid) * grid.image),
        i32.mul(row, 2 * widthOf(grid) * grid.row),
      ),
    ),
  );

/** The bytes from the first row of a tile to row `to`, or to the row before it if the tile is short. */
export const rowBelow = (
  body: Body,
  grid: Grid,
  { short }: Row,
  [to, instead]: readonly [number, number],
): Code<"i32"> =>
  short === undefined
    ? i32.const(widthOf(grid) * grid.row * to)
    : body.let(
        select(
          i32.const(widthOf(grid) * grid.row * instead),
          i32.const(widthOf(grid) * grid.row * to),
          short,
        ),
      );

/**
 * The elements between the matrices of a transform: odd multiples of a cache line, so that the matrices do not compete
 * for the same lines.
 */
export const pitchOf = (elements: number): number => {
  const lines = Math.ceil(elements / 16);
  return 16 * (lines % 2 === 0 ? lines + 1 : lines);
};

/** Visits all blocks, or those of a range. */
export const overBlocks = (
  body: Body,
  { blocks }: Tiling,
  range: Range | undefined,
  visit: (block: Code<"i32">) => void,
): void => body.for(range?.from ?? 0, range?.to ?? blocks, 1, visit);
