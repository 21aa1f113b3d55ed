import * as fc from "fast-check";
import { scan } from "../../src/autodiff/control.ts";
import type { SizeLimit } from "../../src/errors.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { outer } from "../../src/ir/ops/contraction.ts";
import { cast } from "../../src/ir/ops/control.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { fill, iota, take } from "../../src/ir/ops/indexing.ts";
import { argmax, cumsum, max, prod, sum } from "../../src/ir/ops/reduction.ts";
import { concatenate, index, pad, reverse, sliceAxis } from "../../src/ir/ops/structural.ts";
import { slidingWindow } from "../../src/ir/ops/window.ts";
import { program } from "../../src/ir/program.ts";
import { scalar } from "../../src/tensor/constructors.ts";
import { type Law, law } from "../law.ts";
import { isTyped } from "../options.ts";
import type { Compile } from "./meaning.ts";

/** A program that counts to `n`, and its result. */
export interface Counting {
  readonly name: string;
  readonly make: (n: number) => Expr;
  readonly value: (n: number) => number;
  /** Whether its time does not grow with `n`, so that it can run for any `n`. Defaults to false. */
  readonly quick?: boolean;
}

/** No signed 32-bit counter of elements or of bytes reaches this. */
const end = 2 ** 31;

/** Lengths on both sides of the limits of 32-bit counters, of elements and of bytes, and small lengths. */
const lengths = fc.oneof(
  fc.integer({ min: 1, max: 3000 }),
  fc
    .tuple(
      fc.constantFrom(...[28, 29, 30, 31, 32, 33, 40, 52].map((k) => 2 ** k)),
      fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -(2 ** 20), max: 2 ** 20 })),
    )
    .map(([near, by]) => near + by),
);

/** The result of a short or quick run, nothing if it was only compiled, or the tags of the errors that refuse it. */
const outcome = (compile: Compile, { make, quick }: Counting, n: number) => {
  try {
    const executable = compile(program([], [make(n)]));
    const runs = quick === true || n <= 3000;
    return { value: runs ? executable.run([])[0]?.item() : undefined } as const;
  } catch (error) {
    if (!isTyped(error)) throw error;
    const { _tag, causes = [] } = error as { _tag: string; causes?: readonly SizeLimit[] };
    return { refused: causes.length === 0 ? [_tag] : causes.map((cause) => cause._tag) } as const;
  }
};

/**
 * For any length, a program counts right or is refused with `SizeLimit` or `MemoryLimit`: no counter overflows. Long
 * programs are compiled but not run.
 */
export const countsOrRefuses = (compile: Compile): Law<Counting> =>
  law("counts or refuses", "p(n) is right, or refused by its size", (f) => ({
    given: lengths,
    breach: (n: number) => {
      const made = outcome(compile, f, n);
      if ("refused" in made) {
        if (n < 2 ** 20) return `${n} is refused by ${made.refused}`;
        const sized = made.refused.every((tag) => tag === "SizeLimit" || tag === "MemoryLimit");
        return sized
          ? undefined
          : `${n} is refused by ${made.refused}, which says nothing of sizes`;
      }
      const { value } = made;
      if (value !== undefined)
        return value === f.value(n) ? undefined : `of ${n} it gives ${value}, not ${f.value(n)}`;
      return n < end ? undefined : `${n} is taken, and no 32-bit counter counts so far`;
    },
  }));

const ones = (n: number, dtype: "i32" | "f32" | "f64" = "i32"): Expr => fill([n], 1, dtype);
const whole = (n: number): Expr => constant(scalar(n, "i32"));

/** Programs that count, one for each kind of loop: one axis of `n` elements, or `n` rounds. */
export const countings: readonly Counting[] = [
  ...(["i32", "f32", "f64"] as const).map((dtype) => ({
    name: `a sum of ones, ${dtype}`,
    make: (n: number) => sum(ones(n, dtype)),
    value: (n: number) => n,
  })),
  {
    name: "a sum of ones that are computed",
    make: (n) => sum(mul(ones(n), ones(n))),
    value: (n) => n,
  },
  { name: "the greatest of iota", make: (n) => max(iota([n])), value: (n) => n - 1 },
  { name: "a product of ones", make: (n) => prod(ones(n, "f64")), value: () => 1 },
  { name: "the place of the greatest", make: (n) => argmax(iota([n]), 0), value: (n) => n - 1 },
  { name: "a running sum", make: (n) => max(cumsum(ones(n), 0)), value: (n) => n },
  {
    name: "a scan",
    make: (n) => scan((c: Expr) => [add(c, whole(1)), []] as const, whole(0), [], { length: n })[0],
    value: (n) => n,
  },
  {
    name: "a product over a long axis",
    make: (n) => sum(outer(ones(n, "f64"), ones(2, "f64"))),
    value: (n) => 2 * n,
  },
  {
    name: "a sum of windows",
    make: (n) => sum(slidingWindow(ones(n), { axes: [0], size: [1] })),
    value: (n) => n,
  },
  {
    name: "the last of iota",
    quick: true,
    make: (n) => max(sliceAxis(iota([n]), 0, Math.max(0, n - 3), n)),
    value: (n) => n - 1,
  },
  {
    name: "the first of iota reversed",
    quick: true,
    make: (n) => max(sliceAxis(reverse(iota([n]), [0]), 0, 0, 1)),
    value: (n) => n - 1,
  },
  {
    name: "the last of two joined",
    quick: true,
    make: (n) => sum(sliceAxis(concatenate([iota([n]), ones(1)]), 0, n, n + 1)),
    value: () => 1,
  },
  {
    name: "an element of iota that is taken",
    quick: true,
    make: (n) => take(iota([n]), whole(Math.min(n - 1, end - 1)), 0),
    value: (n) => n - 1,
  },
  {
    name: "the last of a second row, f64",
    quick: true,
    make: (n) => max(cast(sliceAxis(index(iota([2, n], 1), 1), 0, Math.max(0, n - 3), n), "f64")),
    value: (n) => n - 1,
  },
  {
    name: "what follows padding",
    quick: true,
    make: (n) => max(sliceAxis(pad(iota([3]), [[n, 0]]), 0, n, n + 3)),
    value: () => 2,
  },
  {
    name: "two elements far apart",
    quick: true,
    make: (n) => sum(sliceAxis(iota([n + 1]), 0, 0, n + 1, n)),
    value: (n) => n,
  },
  {
    name: "the last window",
    quick: true,
    make: (n) => max(index(slidingWindow(iota([n + 1]), { axes: [0], size: [2] }), n - 1)),
    value: (n) => n,
  },
];
