import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { describe, expect, it } from "vitest";
import { customDerivative } from "../../src/autodiff/index.ts";
import {
  Backend,
  CompileError,
  cond,
  type Expr,
  ForwardMode,
  formatError,
  grad,
  jvp,
  ones,
  ReverseMode,
  StructureMismatch,
  scan,
  type Tensor,
  tensor,
  vmap,
} from "../../src/index.ts";
import { parameter } from "../../src/ir/build.ts";
import {
  add,
  broadcastTo,
  concatenate,
  constant,
  expandDims,
  fill,
  gt,
  iota,
  mul,
  neg,
  oneHot,
  slice,
  sum,
  transpose,
} from "../../src/ir/index.ts";
import { program } from "../../src/ir/program.ts";

/** The text of the compile error of a function on these operands. */
const mistakes = (
  make: Effect.Effect<(...xs: readonly Expr[]) => Expr, never, ForwardMode | ReverseMode>,
  ...operands: readonly Tensor[]
): string => {
  const services = Layer.mergeAll(ForwardMode.layerDual, ReverseMode.layerTape, Backend.layerWasm);
  const compiled = Effect.gen(function* () {
    const backend = yield* Backend;
    const inputs = operands.map(parameter);
    return yield* backend.compile(program(inputs, [(yield* make)(...inputs)]));
  });
  const failure = Effect.runSync(Effect.flip(Effect.provide(compiled, services)));
  return failure instanceof CompileError
    ? failure.causes.map(formatError).join("\n")
    : String(failure);
};

/** What a function throws. */
const thrown = (f: () => unknown): unknown => {
  try {
    return f();
  } catch (error) {
    return error;
  }
};

const plain = (f: (...xs: readonly Expr[]) => Expr) => Effect.succeed(f);
const x = tensor([1, 2]) as Tensor;

describe("mistakes beyond the type checker are reported when compiled", () => {
  it("the gradient of a function that returns no scalar", () => {
    const gradient = Effect.map(
      grad((v: Expr) => mul(v, v)),
      (g) => (v?: Expr) => g(v as Expr),
    );
    expect(mistakes(gradient, x)).toContain("grad does not accept [2]");
  });

  it("a custom derivative rule that returns a wrong shape", () => {
    const wrong = constant(ones([5])) as Expr;
    const forward = customDerivative((v: Expr) => mul(v, 2) as Expr, {
      name: "twice",
      jvp: () => wrong,
    });
    const push = Effect.map(jvp(forward), (f) => (v?: Expr) => f(v as Expr, v as Expr)[1]);
    expect(mistakes(push, x)).toContain("the jvp of twice does not accept [5]");
    const back = customDerivative((v: Expr) => mul(v, 2) as Expr, {
      name: "twice",
      vjp: () => wrong,
    });
    const total = Effect.map(
      grad((v: Expr) => sum(back(v)) as Expr<readonly []>),
      (g) => (v?: Expr) => g(v as Expr),
    );
    expect(mistakes(total, x)).toContain("the vjp of twice does not accept [5]");
    const batched = Effect.map(
      grad((v: Expr) => sum(vmap(back)(v)) as Expr<readonly []>),
      (g) => (v?: Expr) => g(v as Expr),
    );
    expect(mistakes(batched, ones([3, 2]))).toContain("the vjp of twice does not accept [5]");
  });

  it("an invalid function whose value the derivative does not use", () => {
    // Lists of other lengths than the operand has axes, which a derivative rule would read beyond their end.
    const invalid: readonly (readonly [said: string, f: (v: Expr) => Expr])[] = [
      ["slice does not accept [3, 4]", (v) => slice(v, [0], [1])],
      ["slice does not accept [3, 4]", (v) => slice(v, [0, 0], [1, 1], [1])],
      ["transpose does not accept [3, 4]", (v) => transpose(v, [0])],
      ["concatenate does not accept [3, 4] and [3, 4]", (v) => concatenate([v, v], 4)],
      ["broadcast does not accept [3, 4]", (v) => broadcastTo(v, [3, 5])],
    ];
    for (const [said, f] of invalid) {
      const total = grad((v: Expr): Expr<readonly []> => sum(f(v)));
      const back = Effect.map(total, (g) => (v?: Expr) => g(v as Expr));
      const push = Effect.map(jvp(f), (g) => (v?: Expr) => g(v as Expr, v as Expr)[1]);
      for (const derivative of [back, push])
        expect(mistakes(derivative, ones([3, 4]))).toContain(said);
    }
  });

  it("a mistake of a function, once, in each of its derivatives", () => {
    const wrong = (v: Expr): Expr => add(mul(v, 2), constant(ones([5])));
    const told = mistakes(plain(wrong), x);
    expect(told.match(/ShapeMismatch/g)).toHaveLength(1);
    const push = Effect.map(jvp(wrong), (f) => (v?: Expr) => f(v as Expr, v as Expr)[1]);
    expect(mistakes(push, x)).toBe(told);
    const total = (v: Expr) => sum(wrong(v)) as Expr<readonly []>;
    const slope = Effect.map(grad(total), (g) => (v?: Expr) => g(v as Expr));
    expect(mistakes(slope, x)).toBe(told);
    const twice = Effect.gen(function* () {
      const g = yield* grad(total);
      const second = yield* jvp((v: Expr) => g(v));
      return (v?: Expr) => second(v as Expr, v as Expr)[1];
    });
    expect(mistakes(twice, x)).toBe(told);
  });

  it("a vmap over operands of different sizes, even if the function never combines them", () => {
    const first = vmap((a: Expr, _: Expr) => a);
    expect(
      mistakes(
        plain((a, b) => first(a as Expr, b as Expr)),
        ones([2, 3]),
        ones([4, 3]),
      ),
    ).toContain("vmap does not accept [2, 3] and [4, 3]");
  });

  it("impossible shapes, reported once and not again for results computed from them", () => {
    expect(mistakes(plain(() => iota([-2])))).toContain("iota does not accept [-2]");
    expect(() => fill([1.5], 1)).toThrow("fill: shape is [1.5]");
    expect(() => oneHot(iota([2]), -2)).toThrow("oneHot: classes is -2");
    expect(mistakes(plain(() => neg(iota([2, -1]))))).toContain("iota does not accept [2, -1]");
    const steps = plain((v) => {
      const [, ys] = scan((c: Expr): readonly [Expr, Expr] => [c, c], v as Expr, undefined, {
        length: -1,
      });
      return ys;
    });
    expect(mistakes(steps, x)).toContain("scan does not accept");
  });

  it("mistakes in loops and conditionals", () => {
    const uneven = plain((a, b) => {
      const [carry] = scan(
        (c: Expr, [p, q]: readonly [Expr, Expr]): readonly [Expr, Expr] => [c, add(p, q) as Expr],
        constant(ones([])) as Expr,
        [a as Expr, b as Expr],
      );
      return carry;
    });
    expect(mistakes(uneven, ones([3]), ones([4]))).toContain("slices along leading axes of 3");
    const choice = plain((v) =>
      cond(
        gt(v as Expr, 0) as Expr<readonly []>,
        (a: Expr) => a,
        (a: Expr) => a,
        v as Expr,
      ),
    );
    expect(mistakes(choice, x)).toContain("a predicate that is a scalar");
  });

  it("a step of a loop that returns its carry as another tree of the same leaves", () => {
    // The types allow this for callers without literal types. The keys used to be exchanged silently.
    interface Moving {
      readonly [part: string]: Expr;
    }
    const start: Moving = { at: constant(ones([])), by: constant(ones([])) };
    const swapped = () =>
      scan(
        (c: Moving): readonly [Moving, Expr] => [
          { at: c.at as Expr, to: c.by as Expr },
          c.at as Expr,
        ],
        start,
        undefined,
        { length: 3 },
      );
    expect(thrown(swapped)).toMatchObject({
      op: "a step of scan",
      expected: "{at: ·, by: ·}",
      actual: "{at: ·, to: ·}",
    });
    type Carry = readonly Expr[];
    const longer = () =>
      scan(
        (c: Carry): readonly [Carry, undefined] => [[...c, ...c], undefined],
        [start.at as Expr],
        undefined,
        { length: 3 },
      );
    expect(longer).toThrow(StructureMismatch);
  });

  it("branches that return different trees of the same leaves", () => {
    type Pair = { readonly [part: string]: Expr };
    const choice = () =>
      cond(
        constant(tensor(true)) as Expr<readonly []>,
        (a: Expr): Pair => ({ a, b: a }),
        (a: Expr): Pair => ({ b: a, c: a }),
        constant(ones([2])) as Expr,
      );
    expect(thrown(choice)).toMatchObject({
      op: "the second branch of cond",
      expected: "{a: ·, b: ·}",
      actual: "{b: ·, c: ·}",
    });
  });

  it("custom derivative rules that return trees of a different structure", () => {
    type Pair = readonly Expr[];
    const double = (name: string, rules: object) =>
      customDerivative((p: Pair): Pair => p.map((a) => mul(a, 2) as Expr), { name, ...rules });
    const pushed = double("twice", { jvp: (_: Pair, t: Pair): Pair => [...t, ...t] });
    const two = [constant(ones([2])) as Expr, constant(ones([2])) as Expr];
    const push = Effect.map(jvp(pushed), (f) => f(two, two));
    expect(thrown(() => Effect.runSync(Effect.provide(push, ForwardMode.layerDual)))).toMatchObject(
      {
        op: "the jvp of twice",
        expected: "[·, ·]",
        actual: "[·, ·, ·, ·]",
      },
    );
    const pulled = double("twice", { vjp: (): Pair => [] });
    const total = (p: Pair) => sum(pulled(p)[0] as Expr) as Expr<readonly []>;
    const pull = Effect.map(grad(total), (f) => f(two));
    expect(thrown(() => Effect.runSync(Effect.provide(pull, ReverseMode.layerTape)))).toMatchObject(
      { op: "the vjp of twice", expected: "[·, ·]", actual: "[]" },
    );
  });

  it("a vmap that maps nothing", () => {
    const shared = vmap((a: Expr) => a, { inAxes: [undefined] });
    const said = { _tag: "InvalidArgument", op: "vmap", argument: "inAxes" };
    expect(thrown(() => shared(constant(ones([3])) as Expr))).toMatchObject({
      ...said,
      actual: "undefined for every leaf",
    });
    expect(thrown(() => vmap(() => constant(ones([3])) as Expr)())).toMatchObject({
      ...said,
      actual: "of no arguments",
    });
  });

  it("axes that do not exist", () => {
    expect(
      mistakes(
        plain((v) => sum(v as Expr, [5])),
        x,
      ),
    ).toContain("distinct axes from 0 to 0, not (5)");
    expect(
      mistakes(
        plain((v) => expandDims(v as Expr, 9)),
        x,
      ),
    ).toContain("distinct axes from 0 to 1, not (9)");
  });
});
