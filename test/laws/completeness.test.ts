import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compositions } from "../../laws/derivatives/compositions.ts";
import { elementwise } from "../../laws/registry/primitives/elementwise.ts";
import { functionsOf, primitives } from "../../laws/registry/primitives/index.ts";
import { laws } from "../../laws/suites.ts";
import { programOf, type SymbolicFunction, typesOf } from "../../laws/symbolic.ts";
import * as autodiff from "../../src/autodiff/index.ts";
import { parameter } from "../../src/ir/build.ts";
import type {
  AnyNode,
  Binary,
  Bitwise,
  Comparison,
  Expr,
  PrimitiveTag,
  Program,
  Unary,
} from "../../src/ir/expr.ts";
import * as ops from "../../src/ir/index.ts";
import { program } from "../../src/ir/program.ts";
import { sigmoid } from "../../src/nn/functional/activation.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import { sample } from "../ir/passes/arbitraryProgram.ts";

/** The inner programs of a node. */
const inside = (node: AnyNode): readonly Program[] => {
  switch (node.primitive) {
    case "cond":
      return [node.params.onTrue, node.params.onFalse];
    case "scan":
    case "while":
      return [node.params.body];
    case "call":
      return [node.params.program];
    default:
      return [];
  }
};

const tagsOf = ({ inputs, nodes }: Program): readonly PrimitiveTag[] => [
  ...inputs.map(({ node }) => node.primitive),
  ...nodes.flatMap((node) => [node.primitive, ...inside(node).flatMap(tagsOf)]),
];

/** The reason why a primitive occurs in no random composition. */
const uncomposed: { readonly [P in PrimitiveTag]?: string } = {
  axisSum: "the vmap that binds its axis removes it",
};

test("every primitive occurs in random compositions, or has a reason not to", () => {
  const reached = new Set(
    fc
      .sample(compositions.members, { numRuns: 1000, seed: 1 })
      .flatMap((each) => tagsOf(programOf(typesOf(each), each.apply))),
  );
  expect(
    primitives.filter((p) => !reached.has(p)),
    "give each of these an entry in laws/operations.ts, kinked where it has no derivative",
  ).toEqual(Object.keys(uncomposed));
});

test("every primitive occurs in random programs for passes, or has a reason not to", () => {
  const reached = new Set(
    fc.sample(sample, { numRuns: 1000, seed: 1 }).flatMap(({ program }) => tagsOf(program)),
  );
  expect(
    primitives.filter((p) => !reached.has(p)),
    "give each of these a step in test/ir/passes, in the file of its family (elementwiseSteps.ts, …)",
  ).toEqual(Object.keys(uncomposed));
});

test("every primitive is tested by the law that backends agree", () => {
  // `meaning.test.ts` compares wasm with the reference for all of these, alone and differentiated.
  const compared = (p: PrimitiveTag) =>
    functionsOf(p).some((each) => tagsOf(programOf(typesOf(each), each.apply)).includes(p));
  expect(
    primitives.filter((p) => !compared(p)),
    "let a case of each of these use it: laws/registry/primitives, in the file of its family",
  ).toEqual(Object.keys(uncomposed));
});

const f = { ...ops, ...autodiff, tensor, key };

/** Primitives whose public operation has the same name and operands. */
type Plain = keyof Unary | keyof Binary | keyof Bitwise | keyof Comparison;

// An element-wise primitive without a public operation does not compile here.
const plain: { readonly [P in Plain]: (...xs: never[]) => unknown } = {
  ...f,
  // The public operation has another derivative, accurate where the value rounds to 1.
  logistic: sigmoid,
};

type Use = (x: Expr, n: Expr) => Expr;

/** A user's expression for every other primitive, of a matrix and an index. A missing one does not compile. */
const uses: { readonly [P in Exclude<PrimitiveTag, Plain>]: Use } = {
  reduce: (x) => f.sum(x),
  argReduce: (x) => f.argmax(x),
  cumsum: (x) => f.cumsum(x, 0),
  sort: (x) => f.sort(x),
  reshape: (x) => f.reshape(x, [-1]),
  transpose: (x) => f.transpose(x),
  broadcast: (x) => f.broadcastTo(x, [2, 2, 3]),
  slice: (x) => f.slice(x, [0, 0], [2, 1]),
  pad: (x) =>
    f.pad(x, [
      [1, 0],
      [0, 0],
    ]),
  concatenate: (x) => f.concatenate([x, x]),
  reverse: (x) => f.reverse(x, [0]),
  window: (x) => f.slidingWindow(x, { axes: [0], size: [2] }),
  overlapAdd: (x) => f.overlapAdd(x, { axes: [0], size: [3], extent: [4] }),
  gather: (x, n) => f.take(x, n, 0),
  scatterAdd: (x, n) => f.scatterAdd(x, n, x),
  dot: (x) => f.dot(x, x, [[1], [1]]),
  constant: () => f.constant(f.tensor([1, 2])),
  parameter: () => f.parameter({ shape: [2], dtype: "f32" }),
  iota: () => f.iota([2]),
  randomBits: () => f.random.uniform(f.constant(f.key(1)) as Expr as Expr<readonly [2]>, [3]),
  select: (x) => f.where(f.gt(x, 0), x, 1),
  cast: (x) => f.cast(x, "i32"),
  stopGradient: (x) => f.stopGradient(x),
  axisSum: (x) => f.axisSum(x, "batch"),
  cond: (x) => f.cond(f.constant(f.tensor(true)), f.sin, f.cos, x),
  scan: (x) => f.scan((h: Expr, row: Expr) => [f.add(h, f.sum(row)), row], f.sum(x), x)[0],
  while: (x) => f.whileLoop((y) => f.gt(f.sum(y), 1), f.sin, x),
  call: (x) => f.checkpoint(f.sin)(x),
};

describe("every primitive has a public operation", () => {
  test.each(Object.keys(uses) as readonly (keyof typeof uses)[])("%s", (primitive) => {
    const [x, n] = [
      parameter({ shape: [2, 3], dtype: "f32" }),
      parameter({ shape: [2], dtype: "i32" }),
    ];
    const made = program([x, n], [uses[primitive](x, n)]);
    expect(made.nodes.filter((node) => node.issue !== undefined)).toEqual([]);
    expect(tagsOf(made)).toContain(primitive);
  });

  test.each(Object.keys(elementwise) as readonly Plain[])("%s", (primitive) => {
    const inputs = (functionsOf(primitive)[0] as SymbolicFunction).operands.map((o) =>
      parameter(o.type),
    );
    const operation = plain[primitive] as (...xs: readonly Expr[]) => Expr;
    const made = program(inputs, [operation(...inputs)]);
    expect(made.nodes.filter((node) => node.issue !== undefined)).toEqual([]);
    expect(tagsOf(made)).toContain(primitive);
  });
});

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = ["src", "laws"].flatMap((room) =>
  readdirSync(`${root}${room}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${room}/${file}`),
);

test("every law cited in a docstring exists", () => {
  const cited = sources.flatMap((file) =>
    [...readFileSync(`${root}${file}`, "utf8").matchAll(/`laws\.(\w+)`/g)].map(([, name = ""]) => ({
      file,
      name,
    })),
  );
  expect(cited.length).toBeGreaterThan(10);
  expect(cited.filter(({ name }) => !Object.hasOwn(laws, name))).toEqual([]);
});
