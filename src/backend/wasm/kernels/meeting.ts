import { type Code, f32, f64, i32, type Operand, select } from "../assembler/index.ts";
import { cutOf } from "../cut.ts";
import { nestPart } from "../fused.ts";
import { addressOf, type Site, startOf } from "../site.ts";
import { type Buffer, bufferOf, scratchBuffer, type View } from "../view.ts";
import type { Kernel, Range } from "./kernel.ts";

/**
 * Updates of f32 of which so many may meet in one element that a running total in f32 would lose them: a count
 * would end at 2²⁴. They are added up in double precision, a few columns at a time so that the totals stay in the
 * cache, and rounded once.
 */

/** So many updates are added up as they come: the rounding is that of a part of a product. */
const mostInTurn = 1024;

export const meetOften = (updates: number): boolean => updates > mostInTurn;

/** The columns whose totals are made together: a line of the cache in f32. */
const together = 16;

/** `x: [batch, middle, extent, rest]`, `indices: [batch, count]`, `updates: [batch, middle, count, rest]`, in order. */
interface Layout {
  readonly batch: number;
  readonly middle: number;
  readonly extent: number;
  readonly count: number;
  readonly rest: number;
}

/** `out = x` with the updates added at their indices; those out of range are left out. */
export const meetingKernel = (
  about: Pick<Kernel, "name" | "operations">,
  { batch, middle, extent, count, rest }: Layout,
  [x, indices, updates]: readonly [View, View, View],
  out: Buffer,
): Kernel => {
  const columns = Math.min(together, rest);
  // Of each row so many, in double precision.
  const totals = scratchBuffer("f64", extent * columns, "totals");
  const blocks = Math.ceil(rest / columns);
  const cut = cutOf([batch, middle, blocks, 1], 3);
  const flat: View = { ...indices, shape: [batch, count], strides: [count, 1] };
  const emit = (site: Site, range?: Range): void => {
    const { body } = site;
    const start = (view: View): Code<"i32"> =>
      startOf(site, bufferOf(view) as Buffer, view.offset * 4); // operands are in order, of 4 bytes each
    const [from, added, to, sums] = [
      start(x),
      start(updates),
      startOf(site, out),
      startOf(site, totals),
    ];
    const at = (base: Code<"i32">, row: Code<"i32">, bytes: number): Code<"i32"> =>
      body.let(i32.add(base, i32.mul(row, bytes)));
    nestPart(site, [batch, middle, blocks], cut, range, ([b, m, k]) => {
      const [member, low] = [b as Code<"i32">, body.let(i32.mul(k as Code<"i32">, columns))];
      const left = body.let(i32.sub(rest, low));
      const width: Operand<"i32"> =
        rest % columns === 0
          ? columns
          : body.let(select(left, i32.const(columns), i32.lt_s(left, columns)));
      const block = body.let(i32.add(i32.mul(member, middle), m as Code<"i32">));
      /** Each of the columns: the bytes to it in single precision, and in double. */
      const across = (visit: (single: Code<"i32">, double: Code<"i32">) => void): void =>
        body.for(0, width, 1, (c) => visit(i32.shl(c, 2), i32.shl(c, 3)));
      const single = (base: Code<"i32">, rows: number, row: Code<"i32">): Code<"i32"> =>
        at(base, i32.add(i32.mul(i32.add(i32.mul(block, rows), row), rest), low), 4);
      const total = (row: Code<"i32">): Code<"i32"> => at(sums, row, 8 * columns);
      body.for(0, extent, 1, (row) => {
        const [source, target] = [single(from, extent, row), total(row)];
        across((four, eight) =>
          body.do(
            f64.store(i32.add(target, eight), f64.promote_f32(f32.load(i32.add(source, four)))),
          ),
        );
      });
      body.for(0, count, 1, (row) => {
        const { code, offset } = addressOf(site, flat, [member, row]);
        const index = body.let(i32.load(code ?? i32.const(0), offset));
        body.if(i32.lt_u(index, extent), () => {
          const [source, target] = [single(added, count, row), total(index)];
          across((four, eight) => {
            const value = f64.promote_f32(f32.load(i32.add(source, four)));
            const place = body.let(i32.add(target, eight));
            body.do(f64.store(place, f64.add(f64.load(place), value)));
          });
        });
      });
      body.for(0, extent, 1, (row) => {
        const [source, target] = [total(row), single(to, extent, row)];
        across((four, eight) =>
          body.do(
            f32.store(i32.add(target, four), f32.demote_f64(f64.load(i32.add(source, eight)))),
          ),
        );
      });
    });
  };
  return {
    ...about,
    reads: [x, indices, updates].flatMap((v) => bufferOf(v) ?? []),
    writes: [out, totals],
    inPlace: [],
    pieces: cut?.pieces ?? 1,
    emit,
  };
};
