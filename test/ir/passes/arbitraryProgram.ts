import * as fc from "fast-check";
import { parameter } from "../../../src/ir/build.ts";
import type { Expr, Program, TensorType } from "../../../src/ir/expr.ts";
import { printProgram } from "../../../src/ir/print.ts";
import { program } from "../../../src/ir/program.ts";
import { allocate, store } from "../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { arraySteps } from "./arraySteps.ts";
import { controlSteps } from "./controlSteps.ts";
import { elementwiseSteps } from "./elementwiseSteps.ts";
import { choose, type Grow, type Instruction, type Steps, special } from "./instruction.ts";

/**
 * Random programs, as lists of instructions. Each instruction takes operands from the pool of values so far, and does
 * nothing if they do not fit. So every list of instructions is a program, and shrinking a list shrinks the program.
 */
const steps: Steps = { ...elementwiseSteps, ...arraySteps, ...controlSteps };

/** Each name, repeated as often as its weight. */
const names: readonly string[] = Object.entries(steps).flatMap(([name, { weight = 1 }]) =>
  Array.from({ length: weight }, () => name),
);

const grow: Grow = (start, instructions) =>
  instructions.reduce<readonly Expr[]>((pool, instruction) => {
    const made = steps[instruction.op]?.step(pool, instruction, grow) ?? [];
    return [...pool, ...made];
  }, start);

const inputTypes: readonly TensorType[] = [
  { shape: [2, 3], dtype: "f32" },
  { shape: [3], dtype: "f64" },
  { shape: [3, 2], dtype: "f32" },
  { shape: [], dtype: "f32" },
  { shape: [2, 3], dtype: "bf16" },
  { shape: [3, 2], dtype: "f16" },
  { shape: [2, 3], dtype: "i32" },
  { shape: [3], dtype: "bool" },
  { shape: [], dtype: "bool" },
];

const instructionsOf = (depth: number, most: number): fc.Arbitrary<readonly Instruction[]> =>
  fc.array(
    fc.record({
      op: fc.constantFrom(...names),
      picks: fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)),
      inner: depth === 0 ? fc.constant([]) : instructionsOf(depth - 1, 6),
    }),
    { minLength: Math.min(most, 3), maxLength: most, size: "max" },
  );

const value = ({ shape, dtype }: TensorType, numbers: readonly number[]): Tensor => {
  const data = allocate(dtype, sizeOf(shape));
  data.forEach((_, i) => {
    data[i] = store(dtype, choose(numbers, i));
  });
  return Tensor.own(shape, dtype, data);
};

/** Values that no other value uses: as outputs, they leave little dead code. */
const unused = (pool: readonly Expr[]): readonly Expr[] => {
  const used = new Set(pool.flatMap((x) => x.node.inputs).map((x) => x.node));
  return pool.filter((x, i) => !used.has(x.node) || i % 11 === 0).slice(-10);
};

export interface Sample {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
}

/** A program with inputs that are likely to break wrong identities. */
export const sample: fc.Arbitrary<Sample> = fc
  .record({
    instructions: instructionsOf(2, 24),
    numbers: fc.array(fc.constantFrom(...special, 3, -7, 1.5), { minLength: 1, maxLength: 8 }),
  })
  .map(({ instructions, numbers }) => {
    const inputs = inputTypes.map(parameter);
    const pool = grow(inputs, instructions);
    const grown = program(inputs, unused(pool));
    return {
      program: grown,
      inputs: inputTypes.map((type, i) => value(type, numbers.slice(i % numbers.length))),
      [fc.toStringMethod]: () => printProgram(grown),
    };
  });
