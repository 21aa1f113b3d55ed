/** Splits a product for threads, and writes the loops over a part of it. */
import { greatestOf, leastOf } from "../../../tensor/extremes.ts";
import { type Body, type Code, i32, type Operand, select } from "../assembler/index.ts";
import { type GemmSpec, type Plan, planOf, type Run } from "./spec.ts";

/** The axis along which a product is split. It is never `k`, so that every sum is computed as in the whole product. */
export type Along = "batch" | "rows" | "columns";

/** The pieces `from`, …, `to - 1`. */
export interface Part {
  readonly from: Code<"i32">;
  readonly to: Code<"i32">;
}

/** A block of rows: its place, and its tiles, which start from its first row. */
interface Block {
  readonly outer: Run;
  readonly tiles: readonly Run[];
}

/**
 * The blocks of a plan: equal blocks and a last one with the remaining tiles. If the plan has no blocks, each run of
 * tiles is one.
 */
export const blocksOf = ({ heights, block, inBlocks }: Plan): readonly Block[] => {
  const blockOf = (start: number, tiles: readonly Run[], count = 1): Block => ({
    outer: { start, size: tiles.reduce((n, run) => n + run.size * run.count, 0), count },
    tiles,
  });
  const [first, ...tail] = heights;
  if (!inBlocks || first === undefined)
    return heights.map((run) => blockOf(run.start, [{ ...run, start: 0 }]));
  const perBlock = block / first.size;
  const whole = Math.floor(first.count / perBlock);
  const start = whole * block;
  const rest = { start: 0, size: first.size, count: first.count % perBlock };
  const last = [rest, ...tail.map((run) => ({ ...run, start: run.start - start }))].filter(
    ({ count }) => count > 0,
  );
  /** A run as one block, or as a block for each tile where it is larger than a block. */
  const apart = (start: number, run: Run): Block =>
    run.size * run.count <= block
      ? blockOf(start, [run])
      : blockOf(start, [{ ...run, count: 1 }], run.count);
  const together = blockOf(start, last);
  const fits = together.outer.size <= block;
  return [
    ...(whole > 0 ? [blockOf(0, [{ start: 0, size: first.size, count: perBlock }], whole)] : []),
    ...(fits && last.length > 0 ? [together] : []),
    ...(fits ? [] : last.map((run) => apart(start + run.start, { ...run, start: 0 }))),
  ];
};

const countOf = (runs: readonly Run[]): number => runs.reduce((n, { count }) => n + count, 0);

/** Pairs each element with the number of pieces before it. */
export const counted = <A>(
  xs: readonly A[],
  count: (x: A) => number,
): readonly (readonly [A, number])[] =>
  xs.map((x, i) => [x, xs.slice(0, i).reduce((n, before) => n + count(before), 0)]);

/**
 * The sizes of the pieces into which a product can be split along an axis: members of the batch, tiles or packed
 * blocks, or panels.
 */
const piecesAlong = (spec: GemmSpec, along: Along): readonly number[] => {
  const plan = planOf(spec);
  const sizesOf = (runs: readonly Run[]): readonly number[] =>
    runs.flatMap(({ size, count }) => new Array<number>(count).fill(size));
  switch (along) {
    case "batch":
      return new Array<number>((spec.batch?.count ?? 1) * (spec.outer?.count ?? 1)).fill(1);
    case "rows":
      return sizesOf(plan.inBlocks ? blocksOf(plan).map((b) => b.outer) : plan.heights);
    case "columns":
      return sizesOf(plan.widths);
  }
};

const sum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

/** The greater of the times that two and four threads take, relative to equal shares. */
const unevenness = (sizes: readonly number[]): number => {
  const total = sum(sizes);
  if (total === 0) return 1; // in an empty product, no thread waits
  const share = (thread: number, threads: number): number => {
    const end = (last: number): number => Math.floor((last * sizes.length) / threads);
    return (threads * sum(sizes.slice(end(thread), end(thread + 1)))) / total;
  };
  return greatestOf([...[0, 1].map((t) => share(t, 2)), ...[0, 1, 2, 3].map((t) => share(t, 4))]);
};

/** Maximum ratio of shares that count as equal. */
const even = 1.1;

/**
 * Chooses the best axis along which to split an f32 product. Members of a batch are independent. Rows share only `B`,
 * which each thread would pack for itself. Columns share `A`. Equal shares matter more than any of this.
 */
export const cutOfProduct = (
  spec: GemmSpec,
): { readonly along: Along; readonly pieces: number } => {
  const plan = planOf(spec);
  const packs = plan.packB && spec.panels !== true;
  const order: readonly Along[] = packs
    ? ["batch", "columns", "rows"]
    : ["batch", "rows", "columns"];
  const cuts = order.map((along) => {
    const sizes = piecesAlong(spec, along);
    return { along, pieces: sizes.length, uneven: unevenness(sizes) };
  });
  const least = leastOf(cuts.map((c) => c.uneven));
  return cuts.find((c) => c.uneven <= Math.max(even, least)) as (typeof cuts)[number]; // at least the least uneven qualifies
};

/** Enough pieces for a few threads to get about equal shares. */
const enough = 8;

/** Chooses how to split an f64 or i32 product: by members of the batch, or by single rows. */
export const cutOfScalarProduct = ({
  m,
  batch,
}: GemmSpec): { readonly along: Along; readonly pieces: number } =>
  batch !== undefined && batch.count >= Math.min(enough, m)
    ? { along: "batch", pieces: batch.count }
    : { along: "rows", pieces: m };

/** The number of panels of a product. */
export const panelCount = (spec: GemmSpec): number => countOf(planOf(spec).widths);

/** A range of positions along a run. */
export interface Span {
  readonly from: Operand<"i32">;
  readonly to: Operand<"i32">;
}

/** The positions of a run that belong to one thread's part. `before` is the number of pieces before the run. */
export const spanOfRun = (
  body: Body,
  { start, size, count }: Run,
  part: Part | undefined,
  before: number,
): Span | undefined => {
  if (part === undefined) return undefined;
  const within = (x: Code<"i32">): Code<"i32"> => {
    const own = body.let(before === 0 ? x : i32.sub(x, before));
    const least = body.let(select(i32.const(0), own, i32.lt_s(own, 0)));
    const most = select(i32.const(count), least, i32.gt_s(least, count));
    return body.let(i32.add(i32.mul(most, size), start));
  };
  return { from: within(part.from), to: within(part.to) };
};

/** Visits the pieces of a run, or those in a span. */
export const overRun = (
  body: Body,
  { start, size, count }: Run,
  span: Span | undefined,
  visit: (position: Code<"i32">) => void,
): void => {
  if (span !== undefined) body.for(span.from, span.to, size, visit);
  else if (count === 1) visit(i32.const(start));
  else body.for(start, start + size * count, size, visit);
};
