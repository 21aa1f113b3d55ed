import type { Expr, Program } from "../../src/ir/expr.ts";
import { cast } from "../../src/ir/ops/control.ts";
import { add, mul, sin } from "../../src/ir/ops/elementwise.ts";
import { fill } from "../../src/ir/ops/indexing.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, samplesOf, vectors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import {
  cotangentMap,
  evaluator,
  floats,
  inputsOf,
  outputsOf,
  programOf,
  type SymbolicFunction,
  tangentMap,
  typesOf,
} from "../symbolic.ts";
import { inner, nearby } from "../values/compare.ts";
import { exact, type Modes, rounding } from "./derivatives.ts";

const near = nearby(rounding);

/** The outer function `g` of the chain rule: `y ↦ sin(y) + y·y` for floats, and the identity for other dtypes. */
const wave = (ys: readonly Expr[]): readonly Expr[] =>
  ys.map((y) => (isFloat(y.dtype) ? add(sin(y), mul(y, y)) : y));

/** The derivative of a composition is the composition of the derivatives. */
export const chainRule = ({ forward, reverse }: Modes = exact): Law<SymbolicFunction> =>
  law(
    "chain rule",
    "J(g ∘ f)(x) = J(g)(f x) · J(f)(x), for g(y) = sin y + y²",
    (f: SymbolicFunction) => {
      const outputs = outputsOf(f);
      const count = outputs.length;
      const g: SymbolicFunction = { name: "g", operands: outputs.map(vectors), apply: wave };
      const both: SymbolicFunction = { ...f, apply: (xs) => wave(f.apply(xs)) };
      const push = [f, g, both].map((h) => evaluator(tangentMap(h, forward)));
      const pull = [f, g, both].map((h) => evaluator(cotangentMap(h, reverse)));
      const [pushF, pushG, pushBoth] = push as [Evaluate, Evaluate, Evaluate];
      const [pullF, pullG, pullBoth] = pull as [Evaluate, Evaluate, Evaluate];
      const moved = (all: readonly Tensor[]) => all.slice(count);
      return {
        given: record({
          x: inputsOf(f),
          v: samplesOf(floats(typesOf(f)).map(vectors)),
          w: samplesOf(floats(outputs).map(vectors)),
        }),
        breach: ({ x, v, w }) => {
          const ofF = pushF([...x, ...v]);
          const y = ofF.slice(0, count);
          const ofG = moved(pullG([...y, ...w]));
          return (
            near("J(g ∘ f)·v", moved(pushBoth([...x, ...v])), moved(pushG(ofF))) ??
            near("J(g ∘ f)ᵀ·w", moved(pullBoth([...x, ...w])), moved(pullF([...x, ...ofG])))
          );
        },
      };
    },
  );

type Evaluate = ReturnType<typeof evaluator>;

/** A scalar with an interesting Hessian: `Σ c·y + y·y/2` over the float outputs, with coefficients `c`. */
const energy = (f: SymbolicFunction): Program => {
  const types = typesOf(f);
  const coefficients = floats(outputsOf(f));
  return programOf([...types, ...coefficients], (xs) => {
    const ys = f.apply(xs.slice(0, types.length)).filter((y) => isFloat(y.dtype));
    const terms = ys.map((y, i): Expr => {
      const linear = mul(xs[types.length + i] as Expr, y);
      return cast(sum(add(linear, mul(mul(y, y), 0.5))), "f64");
    });
    return [terms.reduce<Expr>((a, b) => add(a, b), fill([], 0, "f64"))];
  });
};

/** The Hessian of a function is symmetric, and every order of the two modes gives the same one. */
export const hessianSymmetry = ({ forward, reverse }: Modes = exact): Law<SymbolicFunction> =>
  law(
    "Hessian symmetry",
    "⟨u, Hv⟩ = ⟨v, Hu⟩; H by forward over reverse, reverse over reverse, reverse over forward",
    (f: SymbolicFunction) => {
      const types = typesOf(f);
      const cs = floats(outputsOf(f));
      const vs = floats(types);
      const s = energy(f);
      const active = [...types.map((t) => isFloat(t.dtype)), ...cs.map(() => false)];
      const fixed = (count: number) => Array.from({ length: count }, () => undefined);
      const placed = (directions: readonly Expr[]) => {
        const rest = [...directions];
        return active.map((a) => (a ? rest.shift() : undefined));
      };
      const pulled = (p: Program, at: readonly Expr[], w: readonly Expr[], which = active) =>
        reverse
          .vjp(p, at, which)
          .pullback(w)
          .flatMap((ct, i) => (which[i] ? [ct ?? fill(at[i]?.shape ?? [], 0, "f64")] : []));
      const all = [...types, ...cs];
      const one = fill([], 1, "f64");
      const gradient = programOf(all, (xs) => pulled(s, xs, [one]));
      const slope = programOf([...all, ...vs], (xs) => {
        const { tangents } = forward.jvp(s, xs.slice(0, all.length), placed(xs.slice(all.length)));
        return [tangents[0] ?? fill([], 0, "f64")];
      });
      const products = (xs: readonly Expr[], v: readonly Expr[]) => {
        const made = forward.jvp(gradient, xs, placed(v));
        return {
          forwardReverse: made.outputs.map((g, i) => made.tangents[i] ?? fill(g.shape, 0, "f64")),
          reverseReverse: pulled(gradient, xs, v),
          reverseForward: pulled(slope, [...xs, ...v], [one], [...active, ...vs.map(() => false)]),
          forwardForward: forward.jvp(slope, [...xs, ...v], [...placed(v), ...fixed(vs.length)])
            .tangents[0],
        };
      };
      const evaluate = evaluator({
        ...f,
        operands: [...all, ...vs].map(vectors),
        apply: (xs) => {
          const p = products(xs.slice(0, all.length), xs.slice(all.length));
          return [
            ...p.forwardReverse,
            ...p.reverseReverse,
            ...p.reverseForward,
            p.forwardForward ?? fill([], 0, "f64"),
          ];
        },
      });
      const n = vs.length;
      return {
        given: record({
          x: inputsOf(f),
          c: samplesOf(cs.map(vectors)),
          u: samplesOf(vs.map(vectors)),
          v: samplesOf(vs.map(vectors)),
        }),
        breach: ({ x, c, u, v }) => {
          const ofV = evaluate([...x, ...c, ...v]);
          const ofU = evaluate([...x, ...c, ...u]);
          const hv = ofV.slice(0, n);
          const [left, right] = [inner(u, hv), inner(v, ofU.slice(0, n))];
          const quadratic = inner(v, hv);
          const curvature = (ofV[3 * n] as Tensor).item();
          const apart = (a: number, b: number, magnitude: number) =>
            !(Math.abs(a - b) <= rounding * Math.max(1, magnitude, Math.abs(a)));
          return (
            near("Hv, reverse over reverse,", ofV.slice(n, 2 * n), hv) ??
            near("Hv, reverse over forward,", ofV.slice(2 * n, 3 * n), hv) ??
            (apart(left.value, right.value, left.magnitude + right.magnitude)
              ? `⟨u, Hv⟩ = ${left.value}, but ⟨v, Hu⟩ = ${right.value}`
              : apart(quadratic.value, curvature, quadratic.magnitude)
                ? `⟨v, Hv⟩ = ${quadratic.value}, but forward over forward gives ${curvature}`
                : undefined)
          );
        },
      };
    },
  );
