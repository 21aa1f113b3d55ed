import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it, test } from "vitest";
import { check } from "../../../laws/law.ts";
import { type Counting, countings, countsOrRefuses } from "../../../laws/values/counting.ts";
import { compilerOf } from "../../../laws/values/meaning.ts";
import { holds } from "../../../laws/vitest.ts";
import { issuesOf } from "../../../src/backend/check.ts";
import {
  countable,
  counterLimit,
  longest,
  longestInBytes,
} from "../../../src/backend/wasm/assembler/index.ts";
import { backendOf, layerWasm } from "../../../src/backend/wasm/index.ts";
import {
  type Expr,
  formatError,
  MemoryLimit,
  scalar,
  scan,
  tensor,
  zeros,
} from "../../../src/index.ts";
import {
  add,
  broadcastTo,
  constant,
  iota,
  matmul,
  max,
  reshape,
  sum,
} from "../../../src/ir/index.ts";
import { lift } from "../../../src/ir/ops/promote.ts";
import { program } from "../../../src/ir/program.ts";

const backend = backendOf({ threads: 1 });

/** The result of a program without inputs, or the error that refuses it. */
const outcome = (x: Expr): number | string => {
  const exit = Effect.runSync(Effect.result(backend.compile(program([], [x]))));
  return exit._tag === "Success"
    ? (exit.success.run([])[0]?.item() as number)
    : formatError(exit.failure);
};

const ones = (shape: readonly number[]): Expr => broadcastTo(lift(tensor(1, "i32")), shape);

describe("counters", () => {
  it("max(iota(2^29)) is 2^29 - 1", () => {
    expect(outcome(max(iota([2 ** 29])))).toBe(2 ** 29 - 1);
  });
  it("the sum of 2^31 broadcast ones is refused with the operation's name and the fix", () => {
    expect(outcome(sum(ones([2 ** 31])))).toMatch(
      /SizeLimit: sum over 0 of \[2147483648\] has 2147483648 elements along one axis, but the maximum is \d+\n +fix: reshape it/,
    );
  });
  it("reshaped to two axes, it is computed", () => {
    expect(outcome(sum(reshape(ones([2 ** 30 + 2]), [2, 2 ** 29 + 1])))).toBe(2 ** 30 + 2);
  });
  it("a scan of 2^31 + 5 rounds is refused with its name and the fix", () => {
    const counted = scan(
      (c: Expr) => [add(c, lift(1, "i32")), []] as const,
      lift(tensor(0, "i32")) as Expr,
      [],
      { length: 2 ** 31 + 5 },
    )[0];
    expect(outcome(counted)).toMatch(
      /SizeLimit: scan has 2147483653 rounds, [^\n]*\n +fix: use fewer rounds/,
    );
  });
  it("a product whose sum is longer than a loop counter is refused by name", () => {
    const row = broadcastTo(lift(tensor(1)), [1, 2 ** 31]);
    const column = broadcastTo(lift(tensor(1)), [2 ** 31, 1]);
    expect(outcome(sum(matmul(row, column) as Expr))).toMatch(/SizeLimit: dot has 2147483648/);
  });

  // These lie on both sides of all ends, and run.
  it.each([
    ...[longestInBytes, longestInBytes + 1, 2 ** 29, 2 ** 29 + 1, longest, longest + 1],
    ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER],
  ])("count %i ones, or refuse them", (n) => {
    const [made, last] = [outcome(sum(ones([n]))), outcome(max(iota([n])))];
    expect([n, expect.stringMatching(/SizeLimit/)]).toContainEqual(made);
    expect([n - 1, expect.stringMatching(/SizeLimit/)]).toContainEqual(last);
    if (n <= longest) expect([made, last]).toEqual([n, n - 1]);
  });
  it("a counter stays within 31 bits after its last step", () => {
    expect(countable(longest)).toBe(longest);
    expect(() => countable(counterLimit - 4, 4)).toThrow();
    expect(() => countable(longest + 1)).toThrow();
  });
});

describe("drawn lengths are counted or refused", () => {
  holds([countsOrRefuses(compilerOf(layerWasm))], countings, { runs: 40 });

  const compile = compilerOf(layerWasm);
  test.each<Counting>([
    {
      name: "a counter of 32 bits that wraps",
      quick: true,
      make: (n) => constant(scalar((n - 1) | 0, "i32")),
      value: (n) => n - 1,
    },
    {
      name: "a length that is cut to 32 bits before it is compiled",
      make: (n) => sum(ones([n >>> 0])),
      value: (n) => n,
    },
  ])("$name is noticed", (mistaken) => {
    expect(isLeft(check(countsOrRefuses(compile), mistaken, { runs: 60 }))).toBe(true);
  });
});

describe("a shape with more elements than exact integers", () => {
  const wild = [...new Array<number>(34).fill(2 ** 32 - 1), 0];
  it("is refused by constructors, even with an empty axis", () => {
    expect(() => zeros(wild)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "shape" }),
    );
  });
  it("is reported as an issue of the expression", () => {
    const x = broadcastTo(lift(tensor(1)), wild);
    expect(issuesOf(program([], [x]))).toMatchObject([{ _tag: "SizeLimit", op: "broadcast" }]);
  });
  it("a tensor larger than memory is a MemoryLimit", () => {
    expect(() => zeros([2 ** 50])).toThrow(MemoryLimit);
  });
});
