/** The innermost loop: it holds a tile of `C` in registers while k runs. */

import { bytesPerElement, type Dtype } from "../../../tensor/dtype.ts";
import {
  type Body,
  type Code,
  type Fn,
  f32x4,
  i32,
  type Local,
  type ModuleBuilder,
  type Operand,
  v128,
} from "../assembler/index.ts";
import { loadVector } from "../codegen/loadStore.ts";
import { columnsPerGroup, type GemmSpec, type Plan, type Steps, unroll, widthsOf } from "./spec.ts";

/**
 * Work on the product that replaces storing it, one block of rows at a time: adding a bias, an activation, a mask. A
 * finished block is in the scratch memory, small enough for a near cache.
 */
export interface Tail {
  /** The address of row 0 of `C`. `C` stores only sums over a part of k. */
  readonly start: Operand<"i32">;
  readonly take: BlockFunction;
}

/**
 * `(block, row, rows, column, columns)`: the address of a part of a block, its position in `C`, and its size. Its rows
 * have the stride of `C`.
 */
export type BlockFunction = Fn<readonly ["i32", "i32", "i32", "i32", "i32"], "void">;

export interface GemmOptions {
  /** Whether to use `f32x4.relaxed_madd`; `features()` says whether the engine has it. */
  readonly relaxed: boolean;
  readonly tail?: Tail;
}

/** How the kernel reads a tile of `A` and of `B`, packed or not; strides are in bytes. */
interface Feed {
  readonly aRow: number;
  readonly aStep: number;
  readonly bStep: number;
  readonly bType: Dtype;
}

const feedOf = (spec: GemmSpec, plan: Plan, height: number, width: number): Feed => ({
  aRow: plan.packA ? 4 : 4 * spec.a.row,
  aStep: plan.packA ? 4 * height : 4 * spec.a.column,
  bStep: plan.packB ? 16 * Math.ceil(width / 4) : widthsOf(spec).b * spec.b.row,
  bType: (plan.packB ? undefined : spec.halves?.b) ?? "f32",
});

const storeLanes = (
  address: Code<"i32">,
  value: Local<"v128">,
  offset: number,
  lanes: number,
): readonly Code<"void">[] => {
  switch (lanes) {
    case 1:
      return [v128.store32_lane(0, value, address, offset)];
    case 2:
      return [v128.store64_lane(0, value, address, offset)];
    case 3:
      return [
        v128.store64_lane(0, value, address, offset),
        v128.store32_lane(2, value, address, offset + 8),
      ];
    default:
      return [v128.store(address, value, offset)];
  }
};

/** Maximum steps of a sum over groups that is unrolled. */
const mostWritten = 32;

/** For each step of k, the position of its element in a row of `A`, in elements after the first. */
const stepsOf = ({ a, k, groups = [] }: GemmSpec): readonly number[] =>
  [...groups, { count: columnsPerGroup({ k, groups }), step: a.column }].reduce<readonly number[]>(
    (all, { count, step }) =>
      all.flatMap((from) => Array.from({ length: count }, (_, i) => from + i * step)),
    [0],
  );

/** Writes the sum over groups of columns: unrolled if it is short, else a loop for each level. */
const grouped = ({
  body,
  a,
  spec,
  aStep,
  step,
  advance,
  several,
}: {
  readonly body: Body;
  readonly a: Local<"i32">;
  readonly spec: GemmSpec;
  readonly aStep: number;
  readonly step: (u: number, ahead?: number) => void;
  readonly advance: (steps: number) => void;
  readonly several: (count: Local<"i32">) => void;
}): void => {
  const { k, groups = [] } = spec;
  if (k <= mostWritten) {
    for (const [u, ahead] of stepsOf(spec).entries()) step(u, 4 * ahead);
    return;
  }
  const columns = columnsPerGroup({ k, groups });
  const level = ([first, ...inner]: GemmSpec["groups"] & object): void => {
    if (first === undefined) {
      const rest = columns % unroll;
      if (columns >= unroll) several(body.let(i32.const(Math.floor(columns / unroll))));
      for (let u = 0; u < rest; u++) step(u);
      if (rest > 0) advance(rest);
      return;
    }
    const walked =
      inner.length === 0
        ? columns * aStep
        : 4 * (inner[0] as Steps).count * (inner[0] as Steps).step;
    body.for(0, first.count, 1, () => {
      level(inner);
      body.set(a, i32.add(a, 4 * first.step - walked));
    });
  };
  level(groups);
};

/**
 * `(a, b, c, rounds, first, last)`: addresses, the rounds of the loop, and whether this is the first or the last part
 * of k.
 */
export type Kernel = Fn<readonly ["i32", "i32", "i32", "i32", "i32", "i32"], "void">;

/** Makes the kernel for tiles of `height` rows and `width` columns. Products that need the same code share it. */
export const kernel = (
  module: ModuleBuilder,
  name: string,
  spec: GemmSpec,
  plan: Plan,
  options: GemmOptions,
  height: number,
  width: number,
): Kernel => {
  const { k, groups, a, accumulate = false, lost } = spec;
  const steps = groups === undefined ? [k >= unroll, k % unroll] : [k, groups, a.column];
  const feed = feedOf(spec, plan, height, width);
  const walk = [feed, spec.c ?? spec.n, accumulate, lost, plan.depth === k, ...steps];
  return module.once(JSON.stringify([name, height, width, options.relaxed, walk]), () =>
    write(module, name, spec, plan, options, height, width),
  );
};

const write = (
  module: ModuleBuilder,
  name: string,
  spec: GemmSpec,
  plan: Plan,
  { relaxed }: GemmOptions,
  height: number,
  width: number,
): Kernel => {
  const vectors = Math.ceil(width / 4);
  const { aRow, aStep, bStep, bType } = feedOf(spec, plan, height, width);
  const cRow = 4 * (spec.c ?? spec.n);
  const whole = plan.depth === spec.k;
  const madd = relaxed
    ? f32x4.relaxed_madd
    : (x: Code<"v128">, y: Code<"v128">, z: Code<"v128">) => f32x4.add(f32x4.mul(x, y), z);

  return module.func(
    `${name}.${height}x${width}`,
    ["i32", "i32", "i32", "i32", "i32", "i32"],
    "void",
    (body, a, b, c, rounds, first, last) => {
      const sums = Array.from({ length: height }, () =>
        Array.from({ length: vectors }, () => body.local("v128")),
      );
      const each = (visit: (sum: Local<"v128">, r: number, j: number) => void): void =>
        sums.forEach((line, r) => {
          line.forEach((sum, j) => {
            visit(sum, r, j);
          });
        });

      /** Writes one step of k, at `u` steps of `B` and `ahead` bytes of `A` beyond the current addresses. */
      const step = (u: number, ahead = u * aStep): void => {
        const right = Array.from({ length: vectors }, (_, j) =>
          body.let(loadVector(body, bType, b, u * bStep + 4 * bytesPerElement(bType) * j)),
        );
        sums.forEach((line, r) => {
          const left = body.let(v128.load32_splat(a, ahead + r * aRow));
          line.forEach((sum, j) => {
            body.set(sum, madd(left, right[j]!, sum));
          });
        });
      };
      const advance = (steps: number): void => {
        body.set(a, i32.add(a, steps * aStep));
        body.set(b, i32.add(b, steps * bStep));
      };
      const several = (count: Local<"i32">): void =>
        body.loop((again) => {
          for (let u = 0; u < unroll; u++) step(u);
          advance(unroll);
          body.brIf(again, count.tee(i32.sub(count, 1)));
        });
      if (spec.groups === undefined) {
        if (spec.k >= unroll) several(rounds);
        const rest = (): void => {
          for (let u = 0; u < spec.k % unroll; u++) step(u);
        };
        if (whole) rest();
        else if (spec.k % unroll > 0) body.if(last, rest);
      } else grouped({ body, a, spec, aStep, step, advance, several });

      const put = (at: number, value: Local<"v128">, j: number): void =>
        body.do(...storeLanes(c, value, at, Math.min(4, width - 4 * j)));
      const store = (): void => each((sum, r, j) => put(r * cRow + 16 * j, sum, j));
      // A part of a sum starts from 0 and is then added to `C`: one running total for all products would lose more in
      // rounding.
      const add = (): void =>
        each((sum, r, j) => {
          const at = r * cRow + 16 * j;
          if (spec.lost === undefined) {
            body.set(sum, f32x4.add(v128.load(c, at), sum));
            put(at, sum, j);
            return;
          }
          const behind = at + 4 * spec.lost;
          const [before, term, after] = [
            body.let(v128.load(c, at)),
            body.let(f32x4.add(sum, v128.load(c, behind))),
            body.local("v128"),
          ];
          body.set(after, f32x4.add(before, term));
          body.set(sum, f32x4.add(f32x4.sub(before, after), term));
          // A sum that is infinite or NaN has lost nothing that could be added later.
          body.set(sum, v128.and(sum, f32x4.eq(body.let(f32x4.sub(sum, sum)), f32x4.const(0))));
          put(at, after, j);
          put(behind, sum, j);
        });
      if (spec.accumulate === true) add();
      else if (whole) store();
      else body.if(first, store, add);
    },
  );
};
