import type { Kernel, ScatterAdd } from "../../plan/kernel.ts";
import { type Buffer, bufferOf, scratchBuffer, type View } from "../../plan/view.ts";
import {
  type Body,
  type Code,
  f32,
  f32x4,
  i32,
  memory,
  type Operand,
  select,
  v128,
} from "../assembler/index.ts";
import { addressOf, startOf } from "../codegen/emitContext.ts";
import { nestPart } from "../codegen/loopBody.ts";
import { type Cut, cutOf } from "../codegen/partition.ts";
import type { Family } from "./family.ts";

/**
 * Adds f32 updates at indices when many updates may share an element. A plain running total would lose them: a count
 * would end at 2²⁴. The part that rounding drops from an element is kept, and added with its next update.
 *
 * **Source** Kahan (1965), "Further remarks on reducing truncation errors", Comm. ACM 8(1).
 */

/** Maximum updates that are added plainly. In the worst case, where all share one element, 1 part in 16,000 is lost. */
const mostInTurn = 4096;

/** Whether so many updates may share an element that their rounding errors must be kept. */
export const meetOften = ({ layout, updates }: ScatterAdd): boolean =>
  updates.dtype === "f32" && layout.count > mostInTurn;

/** Maximum bytes for the rounding errors of the elements, unless one cache line per row already takes more. */
const lostBytes = 2 ** 20;
const line = 16;

/** How totals are read, computed and written: four at a time, or one. */
interface Arithmetic<T extends "v128" | "f32"> {
  readonly load: (at: Code<"i32">) => Code<T>;
  readonly store: (at: Code<"i32">, x: Code<T>) => Code<"void">;
  readonly add: (x: Code<T>, y: Code<T>) => Code<T>;
  readonly sub: (x: Code<T>, y: Code<T>) => Code<T>;
  /** `x` where `y` is 0, and 0 elsewhere. */
  readonly where: (body: Body, x: Code<T>, y: Code<T>) => Code<T>;
}

/** Adds a term to a total and keeps the part that rounding drops, each at its address. */
type AddTo = (body: Body, total: Code<"i32">, lost: Code<"i32">, term: Code<"i32">) => void;

const adding =
  <T extends "v128" | "f32">({ load, store, add, sub, where }: Arithmetic<T>): AddTo =>
  (body, total, lost, term) => {
    const before = body.let(load(total));
    const given = body.let(add(load(term), load(lost)));
    const after = body.let(add(before, given));
    const rest = body.let(add(sub(before, after), given));
    // A total that is infinite or NaN has lost nothing that could be added later.
    body.do(store(total, after), store(lost, where(body, rest, sub(rest, rest))));
  };

const addFour = adding<"v128">({
  load: v128.load,
  store: v128.store,
  add: f32x4.add,
  sub: f32x4.sub,
  where: (body, x, y) => v128.and(x, f32x4.eq(y, body.hoist(f32x4.const(0)))),
});

const addOne = adding<"f32">({
  load: f32.load,
  store: f32.store,
  add: f32.add,
  sub: f32.sub,
  where: (_, x, y) => select(x, f32.const(0), f32.eq(y, f32.const(0))),
});

/**
 * Adds updates at indices, one block of columns after another. `lost` holds the part that rounding dropped from each
 * element.
 */
export interface CompensatedScatter extends Omit<ScatterAdd, "kind"> {
  readonly kind: "compensatedScatter";
  /** Columns of a block. */
  readonly columns: number;
  readonly lost: Buffer;
}

/** Adds scratch memory to a kernel for the part that rounding drops from each element. */
export const compensating = ({
  work,
  ...about
}: Kernel<ScatterAdd>): Kernel<CompensatedScatter> => {
  const { extent, rest } = work.layout;
  const most = line * Math.max(1, Math.floor(lostBytes / (4 * line * extent)));
  const columns = Math.min(most, rest);
  const lost = scratchBuffer("f32", extent * columns, "rounding errors of totals");
  return {
    ...about,
    scratch: [lost],
    work: { ...work, kind: "compensatedScatter", columns, lost },
  };
};

const blocksOf = ({ layout: { rest }, columns }: CompensatedScatter): number =>
  Math.ceil(rest / columns);

const cutOfBlocks = (work: CompensatedScatter): Cut | undefined =>
  cutOf([work.layout.batch, work.layout.middle, blocksOf(work), 1], 3);

export const compensatedScatter: Family<CompensatedScatter> = {
  pieces: (work) => cutOfBlocks(work)?.pieces ?? 1,
  emit: (site, work, range) => {
    const { layout, indices, updates, to: out, columns, lost } = work;
    const { batch, middle, extent, count, rest } = layout;
    const flat: View = { ...indices, shape: [batch, count], strides: [count, 1] };
    const { body } = site;
    const from = startOf(site, bufferOf(updates) as Buffer, 4 * updates.offset); // in order
    const [to, kept] = [startOf(site, out), startOf(site, lost)];
    nestPart(site, [batch, middle, blocksOf(work)], cutOfBlocks(work), range, ([b, m, k]) => {
      const member = b as Code<"i32">;
      const low = body.let(i32.mul(k as Code<"i32">, columns));
      const left = body.let(i32.sub(rest, low));
      const isWhole = rest % columns === 0;
      const width: Operand<"i32"> = isWhole
        ? 4 * columns
        : body.let(i32.shl(select(left, i32.const(columns), i32.lt_s(left, columns)), 2));
      const inFours: Operand<"i32"> =
        typeof width === "number" ? width - (width % 16) : body.let(i32.and(width, -16));
      const block = body.let(i32.add(i32.mul(member, middle), m as Code<"i32">));
      /** The address of this block's columns in a row. */
      const at = (base: Code<"i32">, rows: number, row: Code<"i32">): Code<"i32"> => {
        const element = i32.add(i32.mul(i32.add(i32.mul(block, rows), row), rest), low);
        return body.let(i32.add(base, i32.shl(element, 2)));
      };
      const each = (visit: (index: Code<"i32">, row: Code<"i32">) => void): void =>
        body.for(0, count, 1, (row) => {
          const { code, offset } = addressOf(site, flat, [member, row]);
          const index = body.let(i32.load(code ?? i32.const(0), offset));
          body.if(i32.lt_u(index, extent), () => visit(index, row));
        });
      const besides = (index: Code<"i32">): Code<"i32"> =>
        body.let(i32.add(kept, i32.mul(index, 4 * columns)));
      // Rows without updates need no rounding errors.
      if (extent <= count) body.do(memory.fill(kept, 0, 4 * extent * columns));
      else each((index) => body.do(memory.fill(besides(index), 0, width)));
      each((index, row) => {
        const [total, rests, term] = [at(to, extent, index), besides(index), at(from, count, row)];
        const along = (
          first: Operand<"i32">,
          end: Operand<"i32">,
          step: number,
          add: AddTo,
        ): void =>
          body.for(first, end, step, (i) =>
            add(
              body,
              body.let(i32.add(total, i)),
              body.let(i32.add(rests, i)),
              body.let(i32.add(term, i)),
            ),
          );
        if (columns >= 4) along(0, inFours, 16, addFour);
        if (!isWhole || columns % 4 > 0) along(inFours, width, 4, addOne);
      });
    });
  },
};
