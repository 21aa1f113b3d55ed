import { bytesPerElement, type Dtype, isFloat } from "../../../tensor/dtype.ts";
import type { ArgReduction, CumulativeSum, Kernel, Sort } from "../../plan/kernel.ts";
import { type Buffer, scratchBuffer, transposeView, type View, whole } from "../../plan/view.ts";
import { type Body, type Code, f32, f64, i32, type Local, select } from "../assembler/index.ts";
import { addressOf, type Site, startOf } from "../codegen/emitContext.ts";
import { loadScalar, storeScalar } from "../codegen/loadStore.ts";
import { nestPart } from "../codegen/loopBody.ts";
import { type Cut, cutOf } from "../codegen/partition.ts";
import { constantOf, sumOf } from "../codegen/pointwise/scalar.ts";
import type { Family } from "./family.ts";

/** Kernels that work along one axis, line by line: the index of an extreme, running sums, sorting. */

const toLast = (view: View, axis: number): View =>
  transposeView(view, [...view.shape.map((_, a) => a).filter((a) => a !== axis), axis]);

/** Splits the lines for threads. Lines are independent; two threads that write to one cache line only lose time. */
const cutOfLines = (x: View, axis: number): Cut | undefined => {
  const outer = without(x.shape, axis);
  return cutOf([...outer, 1], outer.length);
};

const without = (shape: readonly number[], axis: number): readonly number[] =>
  shape.filter((_, a) => a !== axis);

/** The address of each element of a line. */
const lineOf = (site: Site, view: View, outer: readonly Code<"i32">[]) => {
  const { code, offset } = addressOf(site, view, outer);
  const start = site.body.let(code === undefined ? i32.const(offset) : i32.add(code, offset));
  const step = (view.strides.at(-1) ?? 0) * bytesPerElement(view.dtype);
  return {
    at: (i: Code<"i32">): Code<"i32"> => i32.add(start, i32.mul(i, step)),
  };
};

/** Whether `x` is less than `y`; both must be named. */
const less = (dtype: Dtype, x: Code, y: Code): Code<"i32"> =>
  // Both have the scalar type of the dtype.
  dtype === "f32"
    ? f32.lt(x as Code<"f32">, y as Code<"f32">)
    : dtype === "f64"
      ? f64.lt(x as Code<"f64">, y as Code<"f64">)
      : i32.lt_s(x as Code<"i32">, y as Code<"i32">);

const isNumber = (dtype: Dtype, x: Code): Code<"i32"> =>
  dtype === "f32"
    ? f32.eq(x as Code<"f32">, x as Code<"f32">)
    : dtype === "f64"
      ? f64.eq(x as Code<"f64">, x as Code<"f64">)
      : i32.const(1);

/** Whether `x` comes before `y`. NaN comes after every number. */
const before = (dtype: Dtype, x: Code, y: Code): Code<"i32"> =>
  isFloat(dtype)
    ? i32.or(less(dtype, x, y), i32.and(i32.eqz(isNumber(dtype, y)), isNumber(dtype, x)))
    : less(dtype, x, y);

const assign = (
  body: Body,
  target: Local<"f32"> | Local<"f64"> | Local<"i32">,
  value: Code,
): void => body.do((target.set as (x: Code) => Code<"void">)(value)); // both have the scalar type of one dtype

export const argReduction: Family<ArgReduction> = {
  pieces: ({ from, axis }) => cutOfLines(from, axis)?.pieces ?? 1,
  emit: (site, { extreme, axis, from: x, to: out }, range) => {
    const { body } = site;
    const { dtype } = x;
    const from = toLast(x, axis);
    const to = whole(out, without(x.shape, axis));
    nestPart(site, to.shape, cutOfLines(x, axis), range, (outer) => {
      const line = lineOf(site, from, outer);
      const best = body.let(loadScalar(body, dtype, line.at(i32.const(0)))) as Local<"f32">;
      const index = body.let(i32.const(0));
      body.for(1, from.shape.at(-1) as number, 1, (i) => {
        const value = body.let(loadScalar(body, dtype, line.at(i)));
        const beats = extreme === "max" ? less(dtype, best, value) : less(dtype, value, best);
        const wins = isFloat(dtype)
          ? i32.and(isNumber(dtype, best), i32.or(beats, i32.eqz(isNumber(dtype, value))))
          : beats;
        body.if(wins, () => {
          assign(body, best, value);
          body.set(index, i);
        });
      });
      const { code, offset } = addressOf(site, to, outer);
      body.do(i32.store(code ?? i32.const(0), index, offset));
    });
  },
};

export const cumulativeSum: Family<CumulativeSum> = {
  pieces: ({ from, axis }) => cutOfLines(from, axis)?.pieces ?? 1,
  emit: (site, { axis, reverse, from: x, to: out }, range) => {
    const { body } = site;
    const { dtype } = x;
    const [from, to] = [toLast(x, axis), toLast(whole(out, x.shape), axis)];
    const length = from.shape.at(-1) as number;
    nestPart(site, from.shape.slice(0, -1), cutOfLines(x, axis), range, (outer) => {
      const [source, target] = [lineOf(site, from, outer), lineOf(site, to, outer)];
      // A running total is kept in double precision, and rounded when it is stored.
      const carried = dtype === "f32" ? "f64" : dtype;
      const total = body.let(constantOf(carried, isFloat(dtype) ? -0 : 0)) as Local<"f64">;
      body.for(0, length, 1, (round) => {
        const i = reverse ? body.let(i32.sub(length - 1, round)) : round;
        const x = loadScalar(body, dtype, source.at(i));
        const term = dtype === "f32" ? f64.promote_f32(x as Code<"f32">) : x;
        assign(body, total, sumOf(carried, total, term));
        const sum = dtype === "f32" ? f32.demote_f64(total) : total;
        body.do(storeScalar(body, dtype, target.at(i), sum));
      });
    });
  },
};

/** A stable merge sort, bottom up, between two scratch lines of values and two of indices. */
export interface MergeSort extends Omit<Sort, "kind"> {
  readonly kind: "mergeSort";
  readonly scratch: readonly [values: Buffer, indices: Buffer];
}

/** Sorts by merging in scratch memory. */
export const merging = ({ work, ...about }: Kernel<Sort>): Kernel<MergeSort> => {
  const { from, axis } = work;
  const length = from.shape[axis] as number;
  const scratch = [
    scratchBuffer(from.dtype, 2 * length, "lines to merge"),
    scratchBuffer("i32", 2 * length, "their indices"),
  ] as const;
  return { ...about, scratch, work: { ...work, kind: "mergeSort", scratch } };
};

export const mergeSort: Family<MergeSort> = {
  pieces: ({ from, axis }) => cutOfLines(from, axis)?.pieces ?? 1,
  emit: (site, { axis, from: x, values, indices, scratch }, range) => {
    const { body } = site;
    const { dtype } = x;
    const length = x.shape[axis] as number;
    const width = bytesPerElement(dtype);
    const from = toLast(x, axis);
    const [outValues, outIndices] = [
      toLast(whole(values, x.shape), axis),
      toLast(whole(indices, x.shape), axis),
    ];
    const element = (base: Code<"i32">, i: Code<"i32">, bytes: number): Code<"i32"> =>
      i32.add(base, i32.mul(i, bytes));
    const least = (a: Code<"i32">, b: number): Code<"i32"> =>
      select(a, i32.const(b), i32.lt_s(a, b));
    nestPart(site, from.shape.slice(0, -1), cutOfLines(x, axis), range, (outer) => {
      const line = lineOf(site, from, outer);
      const value = [
        body.let(startOf(site, scratch[0])),
        body.let(startOf(site, scratch[0], length * width)),
      ] as const;
      const index = [
        body.let(startOf(site, scratch[1])),
        body.let(startOf(site, scratch[1], length * 4)),
      ] as const;
      const swap = ([a, b]: readonly [Local<"i32">, Local<"i32">]): void => {
        const old = body.let(a);
        body.set(a, b);
        body.set(b, old);
      };
      body.for(0, length, 1, (i) => {
        body.do(
          storeScalar(
            body,
            dtype,
            element(value[0], i, width),
            loadScalar(body, dtype, line.at(i)),
          ),
        );
        body.do(i32.store(element(index[0], i, 4), i));
      });
      for (let run = 1; run < length; run *= 2) {
        body.for(0, length, 2 * run, (low) => {
          const middle = body.let(least(body.let(i32.add(low, run)), length));
          const high = body.let(least(body.let(i32.add(low, 2 * run)), length));
          const left = body.let(low);
          const right = body.let(middle);
          body.for(low, high, 1, (k) => {
            const a = body.let(loadScalar(body, dtype, element(value[0], left, width)));
            const b = body.let(loadScalar(body, dtype, element(value[0], right, width)));
            const mayTakeLeft = i32.or(i32.ge_s(right, high), i32.eqz(before(dtype, b, a)));
            const takesLeft = body.let(i32.and(i32.lt_s(left, middle), mayTakeLeft));
            const taken = body.let(select(left, right, takesLeft));
            body.do(
              storeScalar(
                body,
                dtype,
                element(value[1], k, width),
                loadScalar(body, dtype, element(value[0], taken, width)),
              ),
            );
            body.do(i32.store(element(index[1], k, 4), i32.load(element(index[0], taken, 4))));
            body.set(left, i32.add(left, takesLeft));
            body.set(right, i32.add(right, i32.eqz(takesLeft)));
          });
        });
        swap(value);
        swap(index);
      }
      const [toValues, toIndices] = [
        lineOf(site, outValues, outer),
        lineOf(site, outIndices, outer),
      ];
      body.for(0, length, 1, (i) => {
        body.do(
          storeScalar(
            body,
            dtype,
            toValues.at(i),
            loadScalar(body, dtype, element(value[0], i, width)),
          ),
        );
        body.do(i32.store(toIndices.at(i), i32.load(element(index[0], i, 4))));
      });
    });
  },
};
