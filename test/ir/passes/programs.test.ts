import { describe, expect, it } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { formatError } from "../../../src/errors/failure.ts";
import { evaluate, run } from "../../../src/interpreter/evaluate.ts";
import { apply, apply1, constant, filled, parameter } from "../../../src/ir/build.ts";
import { branch, call, loop } from "../../../src/ir/control.ts";
import type { Expr, Program } from "../../../src/ir/expr.ts";
import { dot, matmul } from "../../../src/ir/ops/contraction.ts";
import { axisSum } from "../../../src/ir/ops/control.ts";
import { add, exp, mul, neg, sin, sub } from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import { axesOf, sum } from "../../../src/ir/ops/reduction.ts";
import { reshape } from "../../../src/ir/ops/structural.ts";
import { cse } from "../../../src/ir/passes/cse.ts";
import { dce } from "../../../src/ir/passes/dce.ts";
import { fold } from "../../../src/ir/passes/fold.ts";
import { hoist } from "../../../src/ir/passes/hoist.ts";
import { inlineCalls, inlineCheckpoints } from "../../../src/ir/passes/inline.ts";
import { simplify } from "../../../src/ir/passes/peephole/index.ts";
import { everywhere, type Pass } from "../../../src/ir/passes/rewrite.ts";
import { innerPrograms, program } from "../../../src/ir/program.ts";
import { scoped } from "../../../src/ir/trace.ts";
import { elementwise } from "../../../src/rules/evaluate/elementwise.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

/**
 * The effect of each pass over whole programs. Random programs test that passes keep the results; here the tests check
 * the effect: which nodes are removed, which are moved, and which must stay.
 */

/**
 * Lists the nodes of a program by name, with inner programs and paths: `scan(operands → outputs: nodes of the body)`.
 */
const census = (p: Program): string =>
  p.nodes
    .map((node) => {
      const inner = innerPrograms(node).map(census).join(" | ");
      const ports = `(${node.inputs.length} → ${node.outputs.length}: ${inner})`;
      const place = node.path.length === 0 ? "" : ` at ${node.path.join("/")}`;
      return `${node.primitive}${innerPrograms(node).length === 0 ? "" : ports}${place}`;
    })
    .toSorted()
    .join(" ");

const f32 = (...shape: readonly number[]): Expr => parameter({ shape, dtype: "f32" });
const ramp = (x: Expr, from: number): Tensor =>
  x.dtype === "bool"
    ? (tensor(from % 2 === 0, "bool") as Tensor)
    : Tensor.own(
        x.shape,
        "f32",
        Float32Array.from({ length: x.shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.3 * i - from),
      );

/** The listing after a pass. The pass must keep the values of `outputs`, and must change nothing when applied again. */
const left = (pass: Pass, inputs: readonly Expr[], outputs: readonly Expr[]): string => {
  const p = program(inputs, outputs);
  const after = pass(p);
  const values = inputs.map((x, i) => ramp(x, i));
  expect(run(after, values).map(String)).toEqual(run(p, values).map(String));
  expect(pass(after)).toBe(after);
  if (census(after) === census(p)) expect(after).toBe(p);
  return census(after);
};

describe("common subexpressions", () => {
  const commutative = ["add", "mul", "maximum", "minimum", "and", "or", "xor", "eq", "ne"];
  it.each(Object.keys(elementwise) as (keyof typeof elementwise)[])(
    "%s of two, either first",
    (op) => {
      const dtype = ["and", "or", "xor", "shiftLeft", "shiftRight"].includes(op) ? "i32" : "f32";
      const [x, y] = [parameter({ shape: [3], dtype }), parameter({ shape: [3], dtype })];
      const of = (...xs: readonly Expr[]): Expr => apply1(op as "add", {}, ...xs);
      const merged = cse(program([x, y], [of(x, y), of(y, x), of(x, y)]));
      expect(merged.nodes).toHaveLength(commutative.includes(op) ? 1 : 2);
    },
  );
  it("operations with different parameters are not merged", () => {
    expect(left(cse, [], [iota([2, 2], 0), iota([2, 2], 1), iota([2, 2], 0)])).toBe("iota iota");
  });
  it("each output of a merged node keeps its index", () => {
    const x = f32(4);
    const sorted = () => apply("sort", { axis: 0 }, [x]);
    expect(left(cse, [x], [sorted()[0] as Expr, sorted()[1] as Expr])).toBe("sort");
  });
  it("users of merged nodes are merged in turn", () => {
    const x = f32(4);
    expect(left(cse, [x], [neg(exp(x)), neg(exp(x))])).toBe("exp neg");
  });
  it("checkpoints are not merged, nor are nodes that contain one", () => {
    const x = f32(3);
    const again = () =>
      call("f", { kind: "checkpoint" }, [x], ([v]) => [exp(v as Expr)])[0] as Expr;
    expect(left(cse, [x], [again(), again()])).toBe("call(1 → 1: exp) call(1 → 1: exp)");
    const looped = () =>
      loop({ carry: [x], xs: [], length: 2, reverse: false }, ([c]) => ({
        carry: [neg(call("f", { kind: "checkpoint" }, [c], ([v]) => [exp(v)])[0] as Expr)],
        ys: [],
      })).carry[0] as Expr;
    const one = "scan(1 → 1: call(1 → 1: exp) neg)";
    expect(left(cse, [x], [looped(), looped()])).toBe(`${one} ${one}`);
  });
});

describe("constants", () => {
  const folded = fold(evaluate.apply);
  const numbers = (...xs: readonly number[]): Expr => constant(tensor(xs, "f32") as Tensor);
  const vector = (n: number): Expr => numbers(...Array.from({ length: n }, (_, i) => i));
  it("are computed, except for cheap patterns", () => {
    expect(left(folded, [], [exp(numbers(0, 1))])).toBe("constant");
    expect(left(folded, [], [neg(iota([3], 0, "f32"))])).toBe("constant");
    expect(left(folded, [], [iota([3])])).toBe("iota");
    const x = f32(2);
    expect(left(folded, [x], [add(x, exp(numbers(0, 1))) as Expr])).toBe("add constant");
    expect(left(folded, [x], [exp(x)])).toBe("exp");
  });
  it("of equal elements become a broadcast", () => {
    expect(left(folded, [], [numbers(2, 2, 2)])).toBe("broadcast constant");
    expect(left(folded, [], [add(numbers(1, 2), numbers(2, 1)) as Expr])).toBe(
      "broadcast constant",
    );
    expect(left(folded, [], [numbers(Number.NaN, Number.NaN)])).toBe("broadcast constant");
    expect(left(folded, [], [numbers(0, -0)])).toBe("constant");
    expect(left(folded, [], [numbers(2)])).toBe("constant");
  });
  it("grow to 1024 elements, or to the size of their operands", () => {
    const square = (n: number) => dot(vector(n), vector(n), [[], []]);
    expect(left(folded, [], [square(32)])).toBe("constant");
    expect(left(folded, [], [square(33)])).toBe("constant constant dot");
    expect(left(folded, [], [neg(vector(1500))])).toBe("constant");
    expect(left(folded, [], [neg(iota([1024], 0, "f32"))])).toBe("constant");
    expect(left(folded, [], [neg(iota([1025], 0, "f32"))])).toBe("iota neg");
  });
  it("are limited to four million elements read or written", () => {
    const rounds = (length: number) =>
      loop({ carry: [numbers(1, 2)], xs: [], length, reverse: false }, ([c]) => ({
        carry: [neg(c as Expr)],
        ys: [],
      })).carry;
    expect(left(folded, [], rounds(5))).toBe("constant");
    const long = program([], rounds(2 ** 21));
    expect(folded(long)).toBe(long);
    // The largest allowed constants, and 1024 products of 65,536 numbers.
    const [long1, long2] = [filled([32, 1024], "f32", 1), filled([1024, 32], "f32", 1)];
    const known = (y: Expr) => run(program([], [y]), [])[0] as Tensor;
    const product = program([], [matmul(constant(known(long1)), constant(known(long2))) as Expr]);
    expect(census(folded(product))).toContain("dot");
  });
  it("are not folded in inner programs, or with issues", () => {
    const x = numbers(1, 2);
    const across = program([], [axisSum(x, "batch")]);
    expect(folded(across)).toBe(across);
    const within = loop({ carry: [x], xs: [], length: 2, reverse: false }, ([c]) => ({
      carry: [neg(axisSum(c as Expr, "batch"))],
      ys: [],
    })).carry;
    const looped = program([], within);
    expect(folded(looped)).toBe(looped);
    const wrong = program([], apply("add", {}, [x, numbers(1, 2, 3)]));
    expect(folded(wrong)).toBe(wrong);
  });
});

describe("axes of a reduction", () => {
  it("are sorted, so that two orders of them are one node", () => {
    const x = f32(2, 3, 4);
    expect(axesOf([2, 0], 3)).toEqual([0, 2]);
    expect(axesOf([-1, 0], 3)).toEqual([0, 2]);
    const both = program([x], [sum(x, [2, 0]), sum(x, [0, -1])]);
    expect(census(cse(both))).toBe("reduce");
  });
});

describe("dead code", () => {
  const [x, xs] = [f32(), f32(4)];
  it("keeps the carries of loops that a wanted carry depends on", () => {
    const step = () =>
      loop({ carry: [x, x, x], xs: [xs], length: 4, reverse: false }, ([a, b, c], [v]) => ({
        carry: [add(a, v), mul(b, a), sub(c, b)],
        ys: [exp(c as Expr), neg(v as Expr)],
      }));
    const made = step();
    const of = (...outputs: readonly (Expr | undefined)[]) =>
      left(dce, [x, xs], outputs as readonly Expr[]);
    expect(of(made.carry[2])).toBe("scan(4 → 3: add mul sub)");
    expect(of(made.carry[1])).toBe("scan(3 → 2: add mul)");
    expect(of(made.carry[0])).toBe("scan(2 → 1: add)");
    expect(of(made.ys[1])).toBe("scan(1 → 1: neg)");
    expect(of(made.ys[0])).toBe("scan(4 → 4: add exp mul sub)");
    expect(of(...made.carry, ...made.ys)).toBe("scan(4 → 5: add exp mul neg sub)");
  });
  it("removes constants from loops that no step reads", () => {
    const w = f32();
    const [c, a, v] = [f32(), f32(), f32()];
    const body = program([c, a, v], [neg(a), exp(c)]);
    const params = { body, length: 4, constants: 1, carry: 1, reverse: true };
    const made = apply("scan", params, [w, x, xs]);
    expect(left(dce, [x, w, xs], [made[0] as Expr])).toBe("scan(1 → 1: neg)");
    expect(left(dce, [x, w, xs], [made[1] as Expr])).toBe("scan(1 → 1: exp)");
  });
  const p = parameter({ shape: [], dtype: "bool" });
  it("keeps the operands that either branch needs", () => {
    const [a, b, c] = [f32(), f32(1), f32(3)];
    const made = branch(
      p,
      [a, b, c],
      ([u, v]) => [exp(u as Expr), neg(v as Expr)],
      ([u, , w]) => [neg(u as Expr), reshape(sum(w as Expr), [1])],
    );
    const inputs = [p, a, b, c];
    expect(left(dce, inputs, [made[0] as Expr])).toBe("cond(2 → 1: exp | neg)");
    expect(left(dce, inputs, [made[1] as Expr])).toBe("cond(3 → 1: neg | reduce reshape)");
    expect(left(dce, inputs, made)).toBe("cond(4 → 2: exp neg | neg reduce reshape)");
  });
  it("removes dead code inside branches, and then unused operands", () => {
    const made = branch(
      p,
      [x, xs],
      ([u, v]) =>
        loop({ carry: [u as Expr], xs: [v as Expr], length: 4, reverse: false }, ([a], [e]) => ({
          carry: [neg(a as Expr)],
          ys: [exp(e as Expr)],
        })).carry,
      ([u]) => [u as Expr],
    );
    expect(left(dce, [p, x, xs], made)).toBe("cond(2 → 1: scan(1 → 1: neg) | )");
  });
  it("removes code that is dead in only one branch", () => {
    const looped = ([u]: readonly Expr[]) =>
      loop({ carry: [u as Expr], xs: [], length: 4, reverse: false }, ([a]) => ({
        carry: [neg(a as Expr)],
        ys: [exp(a as Expr)],
      })).carry;
    const plain = ([u]: readonly Expr[]) => [sin(u as Expr)];
    expect(left(dce, [p, x], branch(p, [x], looped, plain))).toBe(
      "cond(2 → 1: scan(1 → 1: neg) | sin)",
    );
    expect(left(dce, [p, x], branch(p, [x], plain, looped))).toBe(
      "cond(2 → 1: sin | scan(1 → 1: neg))",
    );
    expect(left(dce, [p, x], branch(p, [x], plain, plain))).toBe("cond(2 → 1: sin | sin)");
    expect(left(dce, [x], call("f", { kind: "checkpoint" }, [x], looped))).toBe(
      "call(1 → 1: scan(1 → 1: neg))",
    );
  });
  it("stays where a conditional is invalid, whose mistakes show all of it", () => {
    const [a, b] = [f32(2), f32(3)];
    const made = branch(
      p,
      [a, b],
      ([u, v]) => [exp(u as Expr), v as Expr],
      ([u]) => [neg(u as Expr), u as Expr],
    );
    const before = program([p, a, b], [made[0] as Expr]);
    const told = issuesOf(before).map(formatError);
    expect(told).toHaveLength(1);
    expect(issuesOf(dce(before)).map(formatError)).toEqual(told);
    expect(census(dce(before))).toBe(census(before));
  });
  it("is also what only removed operands need", () => {
    const { carry, ys } = loop({ carry: [x], xs: [xs], length: 4, reverse: false }, ([a], [v]) => ({
      carry: [neg(a as Expr)],
      ys: [exp(v as Expr)],
    }));
    const [first] = branch(
      p,
      [...carry, ...ys],
      ([u, v]) => [exp(u as Expr), neg(v as Expr)],
      ([u, v]) => [neg(u as Expr), exp(v as Expr)],
    );
    expect(left(dce, [p, x, xs], [first as Expr])).toBe("cond(2 → 1: exp | neg) scan(1 → 1: neg)");
  });
  it("is removed from checkpoints, but not from calls with custom rules", () => {
    const both = (kind: "checkpoint" | "custom") =>
      call("f", { kind }, [x, xs], ([u, v]) => [exp(u as Expr), neg(v as Expr)]);
    expect(left(dce, [x, xs], [both("checkpoint")[1] as Expr])).toBe("call(1 → 1: neg)");
    expect(left(dce, [x, xs], both("checkpoint"))).toBe("call(2 → 2: exp neg)");
    expect(left(dce, [x, xs], [both("custom")[1] as Expr])).toBe("call(2 → 2: exp neg)");
  });
  it("keeps the paths of rebuilt nodes", () => {
    const made = loop({ carry: [x], xs: [xs], length: 4, reverse: false }, ([a], [v]) => ({
      carry: [neg(a as Expr)],
      ys: [exp(v as Expr)],
    }));
    const named = scoped("layer", [x, xs], [neg(made.carry[0] as Expr)]);
    expect(left(dce, [x, xs], named)).toBe("neg at layer scan(1 → 1: neg) at layer");
  });
});

describe("loops", () => {
  const [w, x, xs] = [f32(3), f32(3), f32(5, 3)];
  /** A loop over constant `w`, carry `x` and slices of `xs`, made without optimizing its step. */
  const over = (step: (c: Expr, a: Expr, v: Expr) => readonly Expr[]): readonly Expr[] => {
    const inputs = [f32(3), f32(3), f32(3)] as const;
    const body = program(inputs, step(...inputs));
    return apply("scan", { body, length: 5, constants: 1, carry: 1, reverse: true }, [w, x, xs]);
  };
  it("compute invariant values once, in front, and take in only the values they use", () => {
    const chain = over((c, a) => [add(a, sin(exp(c)))] as Expr[]);
    expect(left(hoist, [w, x, xs], chain)).toBe("exp scan(4 → 1: add) sin");
    const kept = over((c, a, v) => [neg(a), exp(c), mul(c, v)] as Expr[]);
    expect(left(hoist, [w, x, xs], kept)).toBe("exp scan(4 → 3: mul neg)");
    const both = over((c, a) => [add(mul(a, exp(c)), sin(exp(c)))] as Expr[]);
    expect(left(hoist, [w, x, xs], both)).toBe("exp exp scan(5 → 1: add mul) sin");
  });
  it("keep cheap nodes inside", () => {
    const two = () => filled([3], "f32", 2);
    const cheap = over((_, a) => [add(a, two())] as Expr[]);
    expect(left(hoist, [w, x, xs], cheap)).toBe("scan(3 → 1: add broadcast constant)");
    const used = over((c, a) => [add(a, mul(exp(c), two()))] as Expr[]);
    expect(left(hoist, [w, x, xs], used)).toBe("broadcast constant exp mul scan(4 → 1: add)");
    const renamed = over((c, a) => [add(a, reshape(reshape(c, [3, 1]), [3]))] as Expr[]);
    expect(left(hoist, [w, x, xs], renamed)).toBe("scan(3 → 1: add reshape reshape)");
  });
  it("turn carries that no step changes into constants", () => {
    const still = loop({ carry: [x, w, x], xs: [xs], length: 5, reverse: true }, ([a, b, c]) => ({
      carry: [add(a as Expr, b as Expr) as Expr, b as Expr, neg(c as Expr)],
      ys: [],
    })).carry;
    const after = hoist(program([w, x, xs], still));
    expect(census(after)).toBe("scan(4 → 2: add neg)");
    expect(after.outputs[1]).toBe(w);
    expect(left(hoist, [w, x, xs], still)).toBe("scan(4 → 2: add neg)");
  });
  it("that exchange carries are left alone", () => {
    const swapped = loop({ carry: [x, w], xs: [], length: 5, reverse: false }, ([a, b]) => ({
      carry: [b as Expr, a as Expr],
      ys: [],
    })).carry;
    expect(left(hoist, [w, x], swapped)).toBe("scan(2 → 2: )");
  });
  it("keep the paths of moved nodes", () => {
    const named = scoped(
      "rnn",
      [w, x, xs],
      over((c, a) => [add(a, exp(c))] as Expr[]),
    );
    expect(left(hoist, [w, x, xs], named)).toBe("exp at rnn scan(4 → 1: add) at rnn");
  });
});

describe("calls and conditionals", () => {
  const x = f32(3);
  const of = (kind: "checkpoint" | "custom") =>
    call("f", { kind }, [x], ([v]) => [neg(exp(v as Expr))]);
  it("are inlined, except for checkpoints", () => {
    expect(left(inlineCalls, [x], of("custom"))).toBe("exp neg");
    expect(left(inlineCalls, [x], of("checkpoint"))).toBe("call(1 → 1: exp neg)");
    expect(left(inlineCheckpoints, [x], of("custom"))).toBe("exp neg");
    expect(left(inlineCheckpoints, [x], of("checkpoint"))).toBe("exp neg");
  });
  it("keep the paths of inlined nodes", () => {
    const inner = call("f", { kind: "custom" }, [x], ([v]) =>
      scoped("inner", [v as Expr], [exp(v as Expr)]),
    );
    expect(left(inlineCalls, [x], scoped("outer", [x], inner))).toBe("exp at outer/inner");
  });
  const either = (predicate: Expr) =>
    branch(
      predicate,
      [x],
      ([v]) => [exp(v as Expr)],
      ([v]) => [neg(v as Expr)],
    );
  it("are replaced by the branch, if the predicate is known", () => {
    const p = parameter({ shape: [], dtype: "bool" });
    expect(left(inlineCalls, [x], either(filled([], "bool", 1)))).toBe("exp");
    expect(left(inlineCalls, [x], either(filled([], "bool", 0)))).toBe("neg");
    expect(left(inlineCalls, [p, x], either(p))).toBe("cond(2 → 1: exp | neg)");
  });
  it("with an issue stay, so that it is reported", () => {
    const wrong = program([x], either(filled([2], "bool", 1)));
    expect(inlineCalls(wrong)).toBe(wrong);
  });
});

it("passes reach inner programs, and return an unchanged program itself", () => {
  const [p, x] = [parameter({ shape: [], dtype: "bool" }), f32(3)];
  const twice = (f: (x: Expr) => Expr) => (xs: readonly Expr[]) => [f(f(xs[0] as Expr))];
  const all = everywhere(simplify);
  expect(left(all, [p, x], branch(p, [x], twice(neg), twice(exp)))).toBe("cond(2 → 1:  | exp exp)");
  expect(left(all, [p, x], branch(p, [x], twice(exp), twice(neg)))).toBe("cond(2 → 1: exp exp | )");
  expect(left(all, [p, x], branch(p, [x], twice(exp), twice(sin)))).toBe(
    "cond(2 → 1: exp exp | sin sin)",
  );
  expect(left(all, [x], call("f", { kind: "checkpoint" }, [x], twice(neg)))).toBe("call(1 → 1: )");
  const deep = call(
    "f",
    { kind: "checkpoint" },
    [x],
    (xs) =>
      loop({ carry: xs as readonly Expr[], xs: [], length: 2, reverse: false }, (c) => ({
        carry: twice(neg)(c),
        ys: [],
      })).carry,
  );
  expect(left(all, [x], scoped("net", [x], deep))).toBe("call(1 → 1: scan(1 → 1: )) at net");
});
