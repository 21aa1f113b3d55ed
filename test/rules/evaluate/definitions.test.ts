import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { apply, constant } from "../../../src/ir/build.ts";
import type { Params, PrimitiveTag } from "../../../src/ir/expr.ts";
import { program } from "../../../src/ir/program.ts";
import { type Shape, sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

/** Rearrangements and contractions compared with their definitions, element by element. */
type Index = readonly number[];

const indicesOf = (shape: Shape): readonly Index[] =>
  shape.reduce<readonly Index[]>(
    (all, d) => all.flatMap((i) => Array.from({ length: d }, (_, j) => [...i, j])),
    [[]],
  );

const counting = (shape: Shape): Tensor =>
  Tensor.own(
    shape,
    "f64",
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
  );

const holds = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  inputs: readonly Tensor[],
  definition: (index: Index) => number,
): void => {
  const outputs = apply(primitive, params, inputs.map(constant));
  expect(outputs[0]?.node.issue).toBeUndefined();
  const out = run(program([], outputs), [])[0] as Tensor;
  for (const index of indicesOf(out.shape)) expect(out.at(...index)).toBe(definition(index));
};

const extent = fc.integer({ min: 0, max: 4 });
const shapeOf = (rank: fc.Arbitrary<number>): fc.Arbitrary<Shape> =>
  rank.chain((n) => fc.array(extent, { minLength: n, maxLength: n }));
const shape = shapeOf(fc.nat(4));
const shuffled = (n: number): fc.Arbitrary<readonly number[]> =>
  fc.shuffledSubarray(
    Array.from({ length: n }, (_, i) => i),
    { minLength: n },
  );
const each = (s: Shape, max: number): fc.Arbitrary<readonly number[]> =>
  fc.tuple(...s.map(() => fc.nat(max)));
const at = (xs: readonly number[], i: number): number => xs[i] as number;

describe("by definition", () => {
  it("transpose: out[i] = x[j] with j[p[k]] = i[k]", () => {
    const cases = shape.chain((s) => fc.tuple(fc.constant(s), shuffled(s.length)));
    fc.assert(
      fc.property(cases, ([s, permutation]) => {
        const x = counting(s);
        holds("transpose", { permutation }, [x], (i) =>
          x.at(...s.map((_, axis) => at(i, permutation.indexOf(axis)))),
        );
      }),
    );
  });

  it("broadcast: out[i] = x[i at axes]", () => {
    const cases = shape.chain((s) => fc.tuple(fc.constant(s), fc.subarray(s.map((_, i) => i))));
    fc.assert(
      fc.property(cases, ([s, axes]) => {
        const x = counting(axes.map((a) => at(s, a)));
        holds("broadcast", { shape: s, axes }, [x], (i) => x.at(...axes.map((a) => at(i, a))));
      }),
    );
  });

  it("slice: out[i] = x[start + i · stride]", () => {
    const cases = shape.chain((s) => fc.tuple(fc.constant(s), each(s, 4), each(s, 4), each(s, 2)));
    fc.assert(
      fc.property(cases, ([s, a, b, step]) => {
        const x = counting(s);
        const start = s.map((d, i) => Math.min(d, at(a, i)));
        const limit = s.map((d, i) => Math.min(d, at(start, i) + at(b, i)));
        const stride = step.map((n) => n + 1);
        holds("slice", { start, limit, stride }, [x], (i) =>
          x.at(...i.map((n, k) => at(start, k) + n * at(stride, k))),
        );
      }),
    );
  });

  it("pad: out[low + i · (interior + 1)] = x[i], and value elsewhere", () => {
    const cases = shape.chain((s) => fc.tuple(fc.constant(s), each(s, 2), each(s, 2), each(s, 2)));
    fc.assert(
      fc.property(cases, ([s, low, high, interior]) => {
        const x = counting(s);
        holds("pad", { low, high, interior, value: -7 }, [x], (i) => {
          const source = i.map((n, k) => (n - at(low, k)) / (at(interior, k) + 1));
          const inside = source.every((n, k) => Number.isInteger(n) && n >= 0 && n < at(s, k));
          return inside ? x.at(...source) : -7;
        });
      }),
    );
  });

  it("reverse: out[i] = x[d - 1 - i along axes]", () => {
    const cases = shape.chain((s) => fc.tuple(fc.constant(s), fc.subarray(s.map((_, i) => i))));
    fc.assert(
      fc.property(cases, ([s, axes]) => {
        const x = counting(s);
        holds("reverse", { axes }, [x], (i) =>
          x.at(...i.map((n, k) => (axes.includes(k) ? at(s, k) - 1 - n : n))),
        );
      }),
    );
  });

  it("gather: out[b, m, k, r] = x[b, m, indices[b, k], r]", () => {
    const cases = fc.record({
      batch: shapeOf(fc.nat(1)),
      middle: shapeOf(fc.nat(1)),
      along: fc.integer({ min: 1, max: 4 }),
      rest: shapeOf(fc.nat(1)),
      picks: shapeOf(fc.nat(2)),
      seed: fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 1 }),
    });
    fc.assert(
      fc.property(cases, ({ batch, middle, along, rest, picks, seed }) => {
        const x = counting([...batch, ...middle, along, ...rest]);
        const ofIndices = [...batch, ...picks];
        const indices = Tensor.own(
          ofIndices,
          "i32",
          Int32Array.from({ length: sizeOf(ofIndices) }, (_, i) => at(seed, i % seed.length)),
        );
        const [b, m] = [batch.length, batch.length + middle.length];
        holds("gather", { axis: m, batch: b }, [x, indices], (i) => {
          const k = indices.at(...i.slice(0, b), ...i.slice(m, m + picks.length));
          const position = [...i.slice(0, m), k, ...i.slice(m + picks.length)];
          return k >= 0 && k < along ? x.at(...position) : 0;
        });
      }),
    );
  });

  it("dot: out[b, i, j] = Σₖ x[b, i, k] · y[b, j, k], in any order of axes", () => {
    const part = shapeOf(fc.nat(2));
    const cases = fc
      .record({ b: part, i: part, j: part, k: part })
      .chain((parts) => {
        const left = parts.b.length + parts.i.length + parts.k.length;
        const right = parts.b.length + parts.j.length + parts.k.length;
        return fc.tuple(fc.constant(parts), shuffled(left), shuffled(right));
      })
      .filter(([parts]) => sizeOf([...parts.b, ...parts.i, ...parts.j, ...parts.k]) <= 3000);
    fc.assert(
      fc.property(cases, ([{ b, i, j, k }, left, right]) => {
        // Axis n of the plain order b, i, k is axis `left.indexOf(n)` of x.
        const place = (plain: readonly number[], order: readonly number[]) =>
          order.map((n) => at(plain, n));
        const x = counting(place([...b, ...i, ...k], left));
        const y = counting(place([...b, ...j, ...k], right));
        const axes = (order: readonly number[], from: number, count: number) =>
          Array.from({ length: count }, (_, n) => order.indexOf(from + n));
        const free = (order: readonly number[], from: number, count: number) =>
          axes(order, from, count).toSorted((p, q) => p - q);
        const params = {
          batch: [axes(left, 0, b.length), axes(right, 0, b.length)],
          contract: [
            axes(left, b.length + i.length, k.length),
            axes(right, b.length + j.length, k.length),
          ],
        } as const;
        const read = (
          t: Tensor,
          ofBatch: readonly number[],
          ofFree: readonly number[],
          ofContract: readonly number[],
          values: readonly [Index, Index, Index],
        ): number => {
          const position = new Array<number>(t.shape.length);
          [ofBatch, ofFree, ofContract].forEach((group, g) => {
            group.forEach((axis, n) => {
              position[axis] = at(values[g] as Index, n);
            });
          });
          return t.at(...position);
        };
        holds("dot", params, [x, y], (index) => {
          const [ofB, ofI, ofJ] = [
            index.slice(0, b.length),
            index.slice(b.length, b.length + i.length),
            index.slice(b.length + i.length),
          ];
          return indicesOf(k).reduce(
            (total, ofK) =>
              total +
              read(x, params.batch[0], free(left, b.length, i.length), params.contract[0], [
                ofB,
                ofI,
                ofK,
              ]) *
                read(y, params.batch[1], free(right, b.length, j.length), params.contract[1], [
                  ofB,
                  ofJ,
                  ofK,
                ]),
            0,
          );
        });
      }),
    );
  });
});
