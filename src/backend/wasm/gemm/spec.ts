import { greatestOf } from "../../../tensor/extremes.ts";
import type { Half } from "../../../tensor/half.ts";

/** A matrix product with all sizes and strides known, and how it is split to fit caches and registers. */

/** The elements from one row to the next, and from one column to the next. */
export interface Strides {
  readonly row: number;
  readonly column: number;
}

/** The strides of a row-major matrix with this many columns. */
export const rowMajor = (columns: number): Strides => ({ row: columns, column: 1 });

/** The strides of a matrix with this many rows that is stored transposed. */
export const transposed = (rows: number): Strides => ({ row: 1, column: rows });

/** The number of products in a batch, and the elements from one product's operands and result to the next's. */
export interface Batch {
  readonly count: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** `count` equal steps of `step` elements. */
export interface Steps {
  readonly count: number;
  readonly step: number;
}

/**
 * `C = A B`, or `C += A B`, with `A` of m × k and `B` of k × n, for each of a batch.
 *
 * The rows of `C` are contiguous. Loads may reach twelve bytes beyond the end of `B`, never stores.
 */
export interface GemmSpec {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Strides;
  readonly b: Strides;
  /** The operands that are stored as halves: packing makes them f32, or reading `B` does. */
  readonly halves?: { readonly a?: Half | undefined; readonly b?: Half | undefined };
  /** Elements from one row of `C` to the next. Defaults to `n`. */
  readonly c?: number;
  /** The number of products, and the elements from one operand to the next (0 to use the same one again). */
  readonly batch?: Batch;
  /** A batch of such batches; in f32 only. */
  readonly outer?: Batch;
  readonly accumulate?: boolean;
  /**
   * For sums of many parts: elements from `C` to a second matrix of its size, 0 at first. It holds the part that
   * rounding has dropped from each element so far, which is added with the next part.
   *
   * **Source** Kahan (1965), "Further remarks on reducing truncation errors", Comm. ACM 8(1).
   */
  readonly lost?: number;
  /**
   * For columns of `A` that no single stride walks: groups of columns at its stride, and groups of groups, the
   * outermost first. In this way a product reads the windows of a convolution in place. Not for packed operands.
   */
  readonly groups?: readonly Steps[];
  /** Whether `B` is given as the panels that {@link gemmPanels} makes of it. */
  readonly panels?: boolean;
  /** Whether a tail takes the rows in blocks. Then only sums over a part of k are written to `C`. */
  readonly tailed?: boolean;
}

/** `count` equal pieces of `size` elements, starting at `start`. */
export interface Run {
  readonly start: number;
  readonly size: number;
  readonly count: number;
}

/** How a product is split into tiles, panels and blocks. */
export interface Plan {
  /** The heights of the tiles, in runs; the tallest first. */
  readonly heights: readonly Run[];
  /** The widths of the panels, in runs; the widest first. */
  readonly widths: readonly Run[];
  /** The steps of k between two visits to `C`: a multiple of {@link unroll}, or all of k. */
  readonly depth: number;
  /** The number of rows between two packings of `A`, or two visits of a tail: whole tiles. */
  readonly block: number;
  /** Whether `A` is packed, or a tail takes rows. */
  readonly inBlocks: boolean;
  readonly packA: boolean;
  readonly packB: boolean;
  /** Whether each panel of `B` is packed just before it is used, for each block anew, and not all of them in advance. */
  readonly eachB: boolean;
}

/** The number of steps of k in one round of the innermost loop. */
export const unroll = 4;

export const ceilTo = (value: number, multiple: number): number =>
  Math.ceil(value / multiple) * multiple;

/** Splits `total` into pieces of `size`. The last two pieces are evened out, so that neither is too small. */
const cut = (total: number, size: number, evenBelow: number): readonly Run[] => {
  const rest = total % size;
  const whole = Math.floor(total / size);
  if (rest === 0) return [{ start: 0, size, count: whole }];
  if (whole === 0) return [{ start: 0, size: rest, count: 1 }];
  const uneven = rest >= evenBelow;
  const first = uneven ? whole : whole - 1;
  const start = first * size;
  const last = total - start;
  const sizes = uneven ? [last] : [Math.ceil(last / 2), Math.floor(last / 2)];
  const tail =
    sizes.length === 2 && sizes[0] === sizes[1]
      ? [{ start, size: sizes[0]!, count: 2 }]
      : sizes.map((each, i) => ({
          start: i === 0 ? start : start + sizes[0]!,
          size: each,
          count: 1,
        }));
  return first === 0 ? tail : [{ start: 0, size, count: first }, ...tail];
};

interface Tile {
  readonly height: number;
  readonly width: number;
}

/**
 * Chooses tiles that keep about twelve sums in registers. That hides the latency of the additions, and leaves room,
 * among fifteen registers, for a row of `B` and an element of `A`.
 */
const tile = (m: number, n: number): Tile => {
  if (m === 1) return { height: 1, width: 32 };
  if (m === 2) return { height: 2, width: 16 };
  if (n <= 4) return { height: 12, width: 4 };
  return n > 8 && n <= 12 ? { height: 3, width: 12 } : { height: 6, width: 8 };
};

/** Maximum tiles between two packings of `A`. */
const mostTiles = 16;

/** The number of tiles per block, chosen so that blocks are equal and divide among 2 or 4 threads. */
const tilesPerBlock = (tiles: number): number =>
  Math.ceil(tiles / ceilTo(Math.ceil(tiles / mostTiles), 4));

/** The number of columns of `A` in each group: those that its stride walks. */
export const columnsPerGroup = ({ k, groups = [] }: Pick<GemmSpec, "k" | "groups">): number =>
  groups.reduce((n, { count }) => n / count, k);

/**
 * Maximum bytes of a block that a tail takes, so that the block is still in a near cache when its last row is finished.
 */
const blockBytes = 2 ** 16;

export const planOf = (spec: GemmSpec): Plan => {
  const { m, n, k, b, groups, halves = {}, panels = false, tailed = false } = spec;
  const { height, width } = tile(m, n);
  // A product over nothing, or of no elements, reads nothing.
  const some = m * n * k > 0;
  const allB = groups === undefined && (panels || b.column !== 1 || (m > 2 * height && n > 256));
  // Numbers of bf16 become f32 by a shift, as they are read. Those of f16 take longer: for many rows, a panel at a time.
  const eachB = !allB && some && halves.b === "f16" && m > 2 * height;
  const packA = groups === undefined && ((some && halves.a !== undefined) || (m >= 512 && n > 64));
  const blocks = groups === undefined ? Math.max(1, Math.ceil(k / 512)) : 1;
  const depth = blocks === 1 ? k : ceilTo(Math.ceil(k / blocks), unroll);
  const heights = cut(m, height, Math.ceil((2 * height) / 3));
  const tallest = heights[0]?.size ?? 1;
  return {
    heights,
    widths: cut(n, width, 1),
    depth,
    block: Math.min(
      packA ? tallest * tilesPerBlock(Math.ceil(m / tallest)) : ceilTo(m, tallest),
      tailed
        ? tallest * Math.max(1, Math.floor(blockBytes / (4 * n * tallest)))
        : Number.POSITIVE_INFINITY,
    ),
    inBlocks: packA || tailed,
    packA,
    packB: allB || eachB,
    eachB,
  };
};

/** The bytes of an element of each operand. */
export const widthsOf = ({
  halves = {},
}: GemmSpec): { readonly a: number; readonly b: number } => ({
  a: halves.a === undefined ? 4 : 2,
  b: halves.b === undefined ? 4 : 2,
});

/** The bytes of `A` and of `B` when packed, each a multiple of 16. */
export const packedBytes = (plan: Plan): { readonly a: number; readonly b: number } => ({
  a: plan.packA ? ceilTo(4 * plan.block * plan.depth, 64) : 0,
  b: plan.packB ? columnsPacked(plan) * plan.depth * 4 : 0,
});

/** The columns of the panels that are in memory at one time, with those that fill them up. */
const columnsPacked = ({ widths, eachB }: Plan): number => {
  const padded = widths.map(({ size }) => ceilTo(size, 4));
  return eachB
    ? greatestOf(padded)
    : widths.reduce((sum, { count }, i) => sum + count * (padded[i] ?? 0), 0);
};

/** The offset, in the scratch memory, of the block that a tail takes. */
export const blockAt = (spec: GemmSpec): number => {
  const { a, b } = packedBytes(planOf(spec));
  return (spec.panels === true ? 0 : ceilTo(b, 64)) + a;
};

/** The number of parts into which the sum over k is split. Each part is a sum of its own, added to those before it. */
export const partsOfSums = (spec: GemmSpec): number => Math.ceil(spec.k / planOf(spec).depth);

/** Whether `C` stores sums over a part of k, even if a tail takes the product. */
export const splitsSums = (spec: GemmSpec): boolean =>
  spec.accumulate === true || planOf(spec).depth < spec.k;

/** The bytes of scratch memory that a product needs while it runs. */
export const gemmScratchBytes = (spec: GemmSpec): number =>
  blockAt(spec) +
  (spec.tailed === true && !splitsSums(spec)
    ? 4 * Math.min(spec.m, planOf(spec).block) * (spec.c ?? spec.n)
    : 0);

/** The bytes of all panels of `B`, if they can be made in advance: the product reads panels, and k is not split. */
export const panelBytes = (spec: GemmSpec): number | undefined => {
  const plan = planOf(spec);
  const apart =
    plan.packB && !plan.eachB && plan.depth === spec.k && spec.batch === undefined && spec.k > 0;
  return apart ? packedBytes(plan).b : undefined;
};
