import { bytesPerElement } from "../../../tensor/dtype.ts";
import type { Gather, IndexedLayout, ScatterAdd } from "../../plan/kernel.ts";
import { type Buffer, bufferOf, type View } from "../../plan/view.ts";
import { type Code, f32x4, i32, memory, type Operand } from "../assembler/index.ts";
import { addressOf, type Site, startOf } from "../codegen/emitContext.ts";
import { loadScalar, loadVector, storeScalar, storeVector } from "../codegen/loadStore.ts";
import { nestPart } from "../codegen/loopBody.ts";
import { type Cut, cutOf, type Range, spanOf } from "../codegen/partition.ts";
import { constantOf, sumOf } from "../codegen/pointwise/scalar.ts";
import type { Family } from "./family.ts";

/**
 * Loops over `[b, m, k]`. Each round has the index at that position, and the start of a run of `rest` elements in both
 * operands.
 */
const eachRun = (
  site: Site,
  layout: IndexedLayout,
  indices: View,
  cut: Cut | undefined,
  range: Range | undefined,
  visit: (index: Code<"i32">, row: Code<"i32">, line: Code<"i32">) => void,
): void => {
  const { batch, middle, extent, count } = layout;
  const flat: View = { ...indices, shape: [batch, count], strides: [count, 1] };
  nestPart(site, [batch, middle, count], cut, range, ([b, m, k]) => {
    const { code, offset } = addressOf(site, flat, [b, k] as readonly Code<"i32">[]);
    const index = site.body.let(i32.load(code ?? i32.const(0), offset));
    const block = site.body.let(i32.add(i32.mul(b as Code<"i32">, middle), m as Code<"i32">));
    const row = i32.add(i32.mul(block, extent), index);
    const line = i32.add(i32.mul(block, count), k as Code<"i32">);
    visit(index, row, line);
  });
};

const start = (site: Site, view: View): Code<"i32"> =>
  startOf(site, bufferOf(view) as Buffer, view.offset * bytesPerElement(view.dtype)); // contiguous views have a buffer

/** Splits a gather for threads. One thread should write the short runs that share a cache line. */
const cutOfGather = ({ layout, from }: Gather): Cut | undefined => {
  const bytes = layout.rest * bytesPerElement(from.dtype);
  return cutOf([layout.batch, layout.middle, layout.count, ...(bytes < 64 ? [] : [1])]);
};

export const gather: Family<Gather> = {
  pieces: (work) => cutOfGather(work)?.pieces ?? 1,
  emit: (site, work, range) => {
    const { layout, from: x, indices, to: out } = work;
    const { rest, extent } = layout;
    const bytes = rest * bytesPerElement(x.dtype);
    const { body } = site;
    const [from, to] = [start(site, x), startOf(site, out)];
    eachRun(site, layout, indices, cutOfGather(work), range, (index, row, line) => {
      const source = body.let(i32.add(from, i32.mul(row, bytes)));
      const target = body.let(i32.add(to, i32.mul(line, bytes)));
      body.if(
        i32.lt_u(index, extent),
        () => {
          if (rest === 1)
            body.do(storeScalar(body, x.dtype, target, loadScalar(body, x.dtype, source)));
          else body.do(memory.copy(target, source, bytes));
        },
        () => {
          if (rest === 1) body.do(storeScalar(body, x.dtype, target, constantOf(x.dtype, 0)));
          else body.do(memory.fill(target, 0, bytes));
        },
      );
    });
  },
};

/** Splits the elements for threads, not the updates: one thread adds all updates of an element, in order. */
const cutOfScatter = ({ layout: { batch, middle, rest } }: ScatterAdd): Cut | undefined =>
  cutOf([batch, middle, rest]);

export const scatterAdd: Family<ScatterAdd> = {
  pieces: (work) => cutOfScatter(work)?.pieces ?? 1,
  emit: (site, work, range) => {
    const { layout, indices, updates, to: out } = work;
    const { rest, extent } = layout;
    const { dtype } = updates;
    const width = bytesPerElement(dtype);
    const vectors = dtype === "f32" ? rest - (rest % 4) : 0;
    const cut = cutOfScatter(work);
    const within = cut?.axis === 2;
    const { body } = site;
    const [to, from] = [startOf(site, out), start(site, updates)];
    const along = (first: number, end: number): readonly [Operand<"i32">, Operand<"i32">] => {
      const span = spanOf(body, within ? range : undefined, cut?.size ?? 1, first, end);
      const inBytes = (i: Operand<"i32">) =>
        typeof i === "number" ? i * width : i32.mul(i, width);
      return [inBytes(span.from), inBytes(span.to)];
    };
    eachRun(site, layout, indices, within ? undefined : cut, range, (index, row, line) =>
      body.if(i32.lt_u(index, extent), () => {
        const target = body.let(i32.add(to, i32.mul(row, rest * width)));
        const source = body.let(i32.add(from, i32.mul(line, rest * width)));
        if (vectors > 0)
          body.for(...along(0, vectors), 4 * width, (i) => {
            const at = body.let(i32.add(target, i));
            const update = loadVector(body, dtype, i32.add(source, i));
            body.do(storeVector(body, dtype, at, f32x4.add(loadVector(body, dtype, at), update)));
          });
        if (vectors < rest)
          body.for(...along(vectors, rest), width, (i) => {
            const at = body.let(i32.add(target, i));
            const update = loadScalar(body, dtype, i32.add(source, i));
            body.do(
              storeScalar(body, dtype, at, sumOf(dtype, loadScalar(body, dtype, at), update)),
            );
          });
      }),
    );
  },
};
