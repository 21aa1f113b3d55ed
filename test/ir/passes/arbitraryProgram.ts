import * as fc from "fast-check";
import { apply, constant, filled, parameter } from "../../../src/ir/build.ts";
import type {
  Binary,
  Comparison,
  Expr,
  Params,
  PrimitiveTag,
  Program,
  TensorType,
  Unary,
} from "../../../src/ir/expr.ts";
import { program } from "../../../src/ir/graph.ts";
import { printProgram } from "../../../src/ir/print.ts";
import { close } from "../../../src/ir/trace.ts";
import { allocate, type Dtype, store } from "../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

/**
 * Random programs, made by instructions on a stack machine without a stack: each instruction takes
 * operands from the pool of what there is, and does nothing where they do not fit. So every list of
 * instructions is a program, and shrinking a list shrinks the program.
 */
interface Instruction {
  readonly op: number;
  readonly picks: readonly number[];
  readonly inner: readonly Instruction[];
}

const special = [0, -0, 1, -1, 2, 0.5, -3, Number.NaN, Infinity, -Infinity, 1e-40, 3e38, 0.1, 64];

const unaries: readonly (keyof Unary)[] = [
  "neg",
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "round",
  "exp",
  "tanh",
];
const binaries: readonly (keyof Binary)[] = [
  ...(["add", "sub", "mul", "div", "maximum", "minimum", "rem", "pow"] as const),
];
const comparisons: readonly (keyof Comparison)[] = ["eq", "ne", "lt", "le", "gt", "ge"];
const dtypes: readonly Dtype[] = ["f32", "f64", "i32", "u8", "bool"];
const kinds = ["sum", "prod", "max", "min"] as const;

const choose = <A>(xs: readonly A[], n: number): A => xs[n % xs.length] as A;

/** The outputs of a node, if its operands fit. */
const attempt = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  inputs: readonly Expr[],
  path: readonly string[] = [],
): readonly Expr[] => {
  const outputs = apply(primitive, params, inputs, path);
  const fits =
    outputs[0]?.node.issue === undefined &&
    outputs.every((x) => sizeOf(x.shape) <= 200 && x.shape.length <= 4);
  return fits ? outputs : [];
};

const permutationOf = (rank: number, n: number): readonly number[] => {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return axes.toSorted((i, j) => ((i * 7 + n) % 5) - ((j * 7 + n) % 5) || i - j);
};

type Step = (pool: readonly Expr[], instruction: Instruction) => readonly Expr[];

/** An operand, more often a recent one, so that programs grow deep. */
const pick = (pool: readonly Expr[], n: number): Expr =>
  pool[pool.length - 1 - Math.floor((n / 61) ** 2 * pool.length)] as Expr;
/** An operand of the type of `x`, or `x` itself. */
const alike = (pool: readonly Expr[], x: Expr, n: number): Expr =>
  choose(
    pool.filter((y) => y.dtype === x.dtype && y.shape.join() === x.shape.join()),
    n,
  );

/** A closed program of values of these types, from inner instructions. */
const closed = (types: readonly TensorType[], { inner }: Instruction, path: number): Program => {
  const inputs = types.map(parameter);
  const pool = grow(inputs, inner);
  const last = pool.slice(Math.max(0, pool.length - 1 - (path % 3)));
  return close(inputs, last).program;
};

const kindsOfStep: readonly Step[] = [
  (pool, { picks: [a, b] }) => attempt(choose(unaries, a!), {}, [pick(pool, b!)], ["layer"]),
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    return attempt(choose(binaries, a!), {}, [x, alike(pool, x, c!)]);
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    const value = filled(x.shape, x.dtype, choose(special, c!));
    return attempt(choose(binaries, a!), {}, c! % 2 === 0 ? [x, value] : [value, x]);
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    return attempt(choose(comparisons, a!), {}, [x, alike(pool, x, c!)]);
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    return attempt(choose(["and", "or", "xor"] as const, a!), {}, [
      x,
      c! % 2 === 0 ? alike(pool, x, c!) : filled(x.shape, x.dtype, c! % 4 === 1 ? 1 : 0),
    ]);
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    const condition = pool.filter((y) => y.dtype === "bool" && y.shape.join() === x.shape.join());
    const chosen = condition.length === 0 ? filled(x.shape, "bool", a! % 2) : choose(condition, a!);
    return attempt("select", {}, [chosen, x, alike(pool, x, c!)]);
  },
  (pool, { picks: [a, b] }) => attempt("cast", { dtype: choose(dtypes, a!) }, [pick(pool, b!)]),
  (pool, { picks: [a] }) => attempt("stopGradient", {}, [pick(pool, a!)]),
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    return attempt("transpose", { permutation: permutationOf(x.shape.length, a!) }, [x]);
  },
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    const shapes = [
      [x.shape.reduce((n, d) => n * d, 1)],
      [1, ...x.shape],
      x.shape.toReversed(),
      x.shape.filter((d) => d !== 1),
    ];
    return attempt("reshape", { shape: choose(shapes, a!) }, [x]);
  },
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    const at = a! % (x.shape.length + 1);
    const shape = [...x.shape.slice(0, at), 1 + (a! % 3), ...x.shape.slice(at)];
    return attempt("broadcast", { shape, axes: x.shape.map((_, i) => (i < at ? i : i + 1)) }, [x]);
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    const start = x.shape.map((d) => a! % (d + 1));
    const limit = x.shape.map((d, i) => Math.max(start[i] as number, d - (c! % 3)));
    return attempt(
      "slice",
      { start, limit, stride: x.shape.map((_, i) => 1 + ((a! + i + c!) % 2)) },
      [x],
    );
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    const widths = (n: number) => x.shape.map((_, i) => (n + i) % 2);
    const value = choose(special, c!);
    return attempt(
      "pad",
      {
        low: widths(a!),
        high: widths(c!),
        interior: x.shape.map(() => (a! % 3 === 0 ? 1 : 0)),
        value,
      },
      [x],
    );
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    return attempt("concatenate", { axis: a! % Math.max(1, x.shape.length) }, [
      x,
      alike(pool, x, c!),
    ]);
  },
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    return attempt(
      "reverse",
      { axes: x.shape.flatMap((_, i) => ((a! >> i) % 2 === 1 ? [i] : [])) },
      [x],
    );
  },
  (pool, { picks: [a, b, c] }) => {
    const x = pick(pool, b!);
    return attempt(
      "reduce",
      {
        kind: choose(kinds, a!),
        axes: x.shape.flatMap((_, i) => ((c! >> i) % 2 === 1 ? [i] : [])),
      },
      [x],
    );
  },
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    return attempt("cumsum", { axis: a! % Math.max(1, x.shape.length), reverse: a! % 2 === 0 }, [
      x,
    ]);
  },
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    return attempt("sort", { axis: a! % Math.max(1, x.shape.length) }, [x]);
  },
  (pool, { picks: [a, b] }) => {
    const x = pick(pool, b!);
    return attempt(
      "argReduce",
      { kind: a! % 2 === 0 ? "max" : "min", axis: a! % Math.max(1, x.shape.length) },
      [x],
    );
  },
  (pool, { picks: [a, b, c] }) => {
    const [x, y] = [pick(pool, a!), pick(pool, b!)];
    const pairs = x.shape.flatMap((d, i) =>
      y.shape.flatMap((e, j) => (d === e ? [[i, j] as const] : [])),
    );
    const pair = pairs.length === 0 ? undefined : choose(pairs, c!);
    return pair === undefined
      ? []
      : attempt("dot", { batch: [[], []], contract: [[pair[0]], [pair[1]]] }, [x, y]);
  },
  (pool, { picks: [a, b, c] }) => {
    const indices = pool.filter((y) => y.dtype === "i32");
    const x = pick(pool, b!);
    return indices.length === 0
      ? []
      : attempt("gather", { axis: a! % Math.max(1, x.shape.length), batch: 0 }, [
          x,
          choose(indices, c!),
        ]);
  },
  (_, { picks: [a, b] }) =>
    attempt(
      "iota",
      { shape: [2, 3], dtype: choose(["i32", "f32", "f64"] as const, a!), axis: b! % 2 },
      [],
    ),
  (_, { picks: [a, b] }) => [
    constant(Tensor.own([3], "f32", Float32Array.of(choose(special, a!), choose(special, b!), 2))),
  ],
  (pool, instruction) => {
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
  (pool, instruction) => {
    const [a, b, c] = instruction.picks as readonly [number, number, number];
    const operands = [pick(pool, a), pick(pool, b)];
    const inputs = operands.map(parameter);
    const inside = grow(inputs, instruction.inner);
    const onTrue = close(inputs, inside.slice(-2));
    const onFalse = close(
      inputs,
      inside.slice(-2).map((x) => alike(inside, x, c)),
    );
    // Constants that a branch captures are left out of this test: both must take the same operands.
    if (onTrue.captured.length + onFalse.captured.length > 0) return [];
    const predicates = pool.filter((y) => y.dtype === "bool" && y.shape.length === 0);
    const predicate = choose([...predicates, filled([], "bool", c % 2)], a);
    return attempt("cond", { onTrue: onTrue.program, onFalse: onFalse.program }, [
      predicate,
      ...operands,
    ]);
  },
  (pool, instruction) => {
    const [a, b, c] = instruction.picks as readonly [number, number, number];
    const operands = [pick(pool, a), pick(pool, b)];
    const called = closed(operands, instruction, c);
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
];

/** Arithmetic, where most identities are, comes up most. */
const steps: readonly Step[] = [0, 1, 2, 2, 2, 4, 5]
  .map((i) => choose(kindsOfStep, i))
  .concat(kindsOfStep);

const grow = (start: readonly Expr[], instructions: readonly Instruction[]): readonly Expr[] =>
  instructions.reduce<readonly Expr[]>((pool, instruction) => {
    const made = choose(steps, instruction.op)(pool, instruction);
    return [...pool, ...made];
  }, start);

const inputTypes: readonly TensorType[] = [
  { shape: [2, 3], dtype: "f32" },
  { shape: [3], dtype: "f64" },
  { shape: [3, 2], dtype: "f32" },
  { shape: [], dtype: "f32" },
  { shape: [2, 3], dtype: "i32" },
  { shape: [3], dtype: "bool" },
  { shape: [], dtype: "bool" },
];

const instructionsOf = (depth: number, most: number): fc.Arbitrary<readonly Instruction[]> =>
  fc.array(
    fc.record({
      op: fc.nat(steps.length - 1),
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

/** Values that no other value is made of: as outputs, they leave little code dead. */
const unused = (pool: readonly Expr[]): readonly Expr[] => {
  const used = new Set(pool.flatMap((x) => x.node.inputs).map((x) => x.node));
  return pool.filter((x, i) => !used.has(x.node) || i % 11 === 0).slice(-10);
};

export interface Sample {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
}

/** A program and inputs for it, full of the numbers that identities go wrong at. */
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
