import * as fc from "fast-check";
import { issuesOf } from "../../src/backend/check.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import { record, tensors, truth, whole } from "../domain.ts";
import { type Law, law } from "../law.ts";

/** A comparison of a tensor with a number, and its mathematical meaning. */
export interface Comparing {
  readonly name: string;
  readonly apply: (x: Expr, n: number) => Expr;
  readonly means: (x: number, n: number) => boolean;
}

const elements: { readonly [D in "i32" | "u8" | "bool"]: fc.Arbitrary<number> } = {
  i32: whole,
  u8: fc.nat(255),
  bool: truth,
};
const dtypes = ["i32", "u8", "bool"] as const;

const numbers = fc.oneof(
  fc.constantFrom(0.5, -0.5, 1e10, -1e10, 2 ** 31, 256, 2, -1, 1e-30),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
  whole,
);

/** A comparison of integers with any number has the mathematical result, even for numbers outside their dtype. */
export const comparesAsNumbers: Law<Comparing> = law(
  "comparisons of integers",
  "x ≶ n for the numbers x and n, in every dtype",
  ({ apply, means }: Comparing) => ({
    given: fc
      .constantFrom(...dtypes)
      .chain((dtype) => record({ x: tensors([4], elements[dtype], dtype).values, n: numbers })),
    breach: ({ x, n }) => {
      const compared = program([], [apply(constant(x), n)]);
      const [issue] = issuesOf(compared);
      if (issue !== undefined) return `${x.dtype} and ${n} are refused: ${issue._tag}`;
      const [made] = run(compared, []);
      const wanted = Array.from(x.toTypedArray(), (each) => Number(means(each, n)));
      return String(made?.toTypedArray()) === String(wanted)
        ? undefined
        : `for ${x.dtype} ${x} and ${n} it gives ${made}`;
    },
  }),
);
