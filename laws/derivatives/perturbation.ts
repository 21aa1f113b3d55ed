import { run } from "../../src/interpreter/evaluate.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mul, sin } from "../../src/ir/ops/elementwise.ts";
import { onesLike, zerosLike } from "../../src/ir/ops/indexing.ts";
import { trace } from "../../src/ir/trace.ts";
import { real, record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { programOf } from "../symbolic.ts";
import { nearby } from "../values/compare.ts";
import { exact, type Modes, rounding } from "./derivatives.ts";

/** Differentiation of functions of one scalar. */
export interface Differentiation {
  readonly name: string;
  readonly derivative: (f: (x: Expr) => Expr) => (x: Expr) => Expr;
}

/** Differentiation by each of two modes. The function may capture values from outside. */
export const differentiations = ({
  forward,
  reverse,
}: Modes = exact): readonly Differentiation[] => {
  const closed = (f: (x: Expr) => Expr, x: Expr) => {
    const { program, captured } = trace([x], ([y]) => [f(y as Expr)]);
    return { program, primals: [...captured, x], still: captured.map(() => undefined) };
  };
  return [
    {
      name: "forward",
      derivative: (f) => (x) => {
        const { program, primals, still } = closed(f, x);
        return forward.jvp(program, primals, [...still, onesLike(x)]).tangents[0] ?? zerosLike(x);
      },
    },
    {
      name: "reverse",
      derivative: (f) => (x) => {
        const { program, primals, still } = closed(f, x);
        const { pullback } = reverse.vjp(program, primals, [...still.map(() => false), true]);
        return pullback([onesLike(x)]).at(-1) ?? zerosLike(x);
      },
    },
  ];
};

/** Two differentiations, one inside the other. */
export interface Nesting {
  readonly name: string;
  readonly outer: Differentiation["derivative"];
  readonly inner: Differentiation["derivative"];
}

/** All pairs of an outer and an inner differentiation. */
export const nestings = (given: readonly Differentiation[]): readonly Nesting[] =>
  given.flatMap((outer) =>
    given.map((inner) => ({
      name: `${outer.name} over ${inner.name}`,
      outer: outer.derivative,
      inner: inner.derivative,
    })),
  );

const near = nearby(rounding);
const plus = (x: Expr, y: Expr): Expr => add(x, y);
const times = (x: Expr | number, y: Expr): Expr => mul(x, y);

/** A nested derivative, and its value by calculus. Each is a function of x, a and b. */
type Identity = readonly [
  formula: string,
  nested: (n: Nesting, x: Expr, a: Expr, b: Expr) => Expr,
  known: (x: Expr, a: Expr, b: Expr) => Expr,
];

const identities: readonly Identity[] = [
  [
    "d/dx x·(d/dy (x + y)) = 1",
    ({ outer, inner }, x, a) => outer((x) => times(x, inner((y) => plus(x, y))(a)))(x),
    (x) => onesLike(x),
  ],
  [
    "d/dx x·(d/dy x·y)|y=x = 2x",
    ({ outer, inner }, x) => outer((x) => times(x, inner((y) => times(x, y))(x)))(x),
    (x) => times(2, x),
  ],
  [
    "d/dx (d/dy (a·x·y + b·y²·x))|y=b = a + 2b²",
    ({ outer, inner }, x, a, b) =>
      outer((x) => inner((y) => plus(times(times(a, x), y), times(times(b, x), times(y, y))))(b))(
        x,
      ),
    (_, a, b) => plus(a, times(2, times(b, b))),
  ],
  [
    "d/dx x·(d/dy sin(x·y))|y=a = cos(a·x)·(2x - …), by the product rule",
    ({ outer, inner }, x, a) => outer((x) => inner((y) => sin(times(x, y)))(times(a, x)))(x),
    // d/dx x·cos(a·x²) = cos(a·x²) - 2a·x²·sin(a·x²), where cos t = sin(t + π/2).
    (x, a) => {
      const t = times(a, times(x, x));
      return plus(sin(add(t, Math.PI / 2)), times(-2, times(t, sin(t))));
    },
  ],
  [
    "d/dx x·(d/dy x·(d/dz (x + y + z)·y))|y=a = 2x, three deep",
    ({ outer, inner }, x, a) =>
      outer((x) =>
        times(x, inner((y) => times(x, outer((z) => times(plus(plus(x, y), z), y))(a)))(a)),
      )(x),
    (x) => times(2, x),
  ],
];

/** Nested derivatives do not mix up their variables: each is taken by its own variable only. */
export const noConfusion: Law<Nesting> = law(
  "no perturbation confusion",
  "d/dx x·(d/dy (x + y)) = 1, and its generalizations",
  (nesting: Nesting) => {
    const scalar = { shape: [], dtype: "f64" } as const;
    const programs = identities.map(([formula, nested, known]) => ({
      formula,
      program: programOf([scalar, scalar, scalar], (xs) => {
        const [x, a, b] = xs as [Expr, Expr, Expr];
        return [nested(nesting, x, a, b), known(x, a, b)];
      }),
    }));
    return {
      given: record({ x: real, a: real, b: real }),
      breach: ({ x, a, b }) => {
        const inputs = [x, a, b].map((n) => tensorOf([], "f64", [n]));
        for (const { formula, program } of programs) {
          const [nested, known] = run(program, inputs);
          const difference = nested && known && near(formula, [nested], [known]);
          if (difference !== undefined) return difference;
        }
        return undefined;
      },
    };
  },
);
