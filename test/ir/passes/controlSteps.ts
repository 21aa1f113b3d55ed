import { filled, parameter } from "../../../src/ir/build.ts";
import type { Expr, Program, TensorType } from "../../../src/ir/expr.ts";
import { add, and, lt } from "../../../src/ir/ops/elementwise.ts";
import { close } from "../../../src/ir/trace.ts";
import {
  alike,
  attempt,
  choose,
  type Grow,
  type Instruction,
  pick,
  type Steps,
} from "./instruction.ts";

/** A closed program of values of these types, made by inner instructions. */
const closed = (
  types: readonly TensorType[],
  { inner }: Instruction,
  path: number,
  grow: Grow,
): Program => {
  const inputs = types.map(parameter);
  const pool = grow(inputs, inner);
  const last = pool.slice(Math.max(0, pool.length - 1 - (path % 3)));
  return close(inputs, last).program;
};

/** Steps with inner programs. */
export const controlSteps: Steps = {
  scan: {
    step: (pool, instruction, grow) => {
      const [a, b, c] = instruction.picks as readonly [number, number, number];
      const carry = pick(pool, b);
      const xs = choose(pool.filter((y) => y.shape.length > 0).concat(filled([3], "f32", 1)), c);
      const length = xs.shape[0] as number;
      const types = [pick(pool, a), carry, { shape: xs.shape.slice(1), dtype: xs.dtype }];
      const inputs = types.map(parameter);
      const inside = grow(inputs, instruction.inner);
      const next = alike(inside, inputs[1] as Expr, c);
      const ys = inside.slice(inside.length - 1 - (a % 2));
      const { program: body, captured } = close(inputs, [next, ...ys]);
      return attempt(
        "scan",
        { body, length, constants: captured.length + 1, carry: 1, reverse: a % 2 === 0 },
        [...captured, pick(pool, a), carry, xs],
        ["loop"],
      );
    },
  },
  cond: {
    step: (pool, instruction, grow) => {
      const [a, b, c] = instruction.picks as readonly [number, number, number];
      const operands = [pick(pool, a), pick(pool, b)];
      const inputs = operands.map(parameter);
      const inside = grow(inputs, instruction.inner);
      const onTrue = close(inputs, inside.slice(-2));
      const onFalse = close(
        inputs,
        inside.slice(-2).map((x) => alike(inside, x, c)),
      );
      // Branches that capture constants are left out: both must take the same operands.
      if (onTrue.captured.length + onFalse.captured.length > 0) return [];
      const predicates = pool.filter((y) => y.dtype === "bool" && y.shape.length === 0);
      const predicate = choose([...predicates, filled([], "bool", c % 2)], a);
      return attempt("cond", { onTrue: onTrue.program, onFalse: onFalse.program }, [
        predicate,
        ...operands,
      ]);
    },
  },
  while: {
    step: (pool, instruction, grow) => {
      const [a, b, c] = instruction.picks as readonly [number, number, number];
      const carry = pick(pool, b);
      const types: readonly TensorType[] = [
        { shape: [], dtype: "bool" },
        { shape: [], dtype: "i32" },
        pick(pool, a),
        carry,
      ];
      const inputs = types.map(parameter);
      const inside = grow(inputs.slice(2), instruction.inner);
      const flags = inside.filter((y) => y.dtype === "bool" && y.shape.length === 0);
      const [rounds, first, second] = inputs.slice(1) as [Expr, Expr, Expr];
      // The counter ends it after a few rounds, and a value may end it before.
      const goesOn = choose([filled([], "bool", 1), ...flags], c);
      const ends = [and(lt(rounds, filled([], "i32", a % 4)), goesOn), add(rounds, 1)];
      const next = [...ends, alike(inside, first, a), alike(inside, second, c)];
      const { program: body, captured } = close(inputs, next);
      return attempt(
        "while",
        { body, constants: captured.length, bound: 1 + (b % 4) },
        [...captured, filled([], "bool", 1), filled([], "i32", 0), pick(pool, a), carry],
        ["turns"],
      );
    },
  },
  call: {
    step: (pool, instruction, grow) => {
      const [a, b, c] = instruction.picks as readonly [number, number, number];
      const operands = [pick(pool, a), pick(pool, b)];
      const called = closed(operands, instruction, c, grow);
      const captured = called.inputs.length - operands.length;
      return captured > 0
        ? []
        : attempt(
            "call",
            { name: "f", program: called, rules: { kind: a % 2 === 0 ? "checkpoint" : "custom" } },
            operands,
            ["called"],
          );
    },
  },
};
