import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as fc from "fast-check";
import { type Forward, ForwardMode } from "../../src/autodiff/forwardMode.ts";
import { type Reverse, ReverseMode } from "../../src/autodiff/reverseMode.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, samplesOf, small, tensorOf, vectors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import {
  cotangentMap,
  evaluator,
  floats,
  inputsOf,
  outputsOf,
  type SymbolicFunction,
  tangentMap,
  typesOf,
} from "../symbolic.ts";
import { combine, inner, nearby, sameBits } from "../values/compare.ts";

/** The two modes of differentiation that the laws of derivatives test. */
export interface Modes {
  readonly forward: Forward;
  readonly reverse: Reverse;
}

/** Reads both modes from the Effect services. */
export const modes: Effect.Effect<Modes, never, ForwardMode | ReverseMode> = Effect.all({
  forward: ForwardMode,
  reverse: ReverseMode,
});

/** The exact modes: dual numbers and the tape. */
export const exact: Modes = Effect.runSync(
  Effect.provide(modes, Layer.merge(ForwardMode.layerDual, ReverseMode.layerTape)),
);

const byDifferences: Modes = Effect.runSync(
  Effect.provide(
    modes,
    Layer.merge(ForwardMode.layerFiniteDifference, ReverseMode.layerFiniteDifference),
  ),
);

/** The tolerance for the same sums of products in a different order: a few hundred roundings of f64. */
export const rounding = 1e-11;

/**
 * The fourth-order formula with steps of 10⁻³ has a truncation error of 10⁻¹² times the fifth derivative, and a
 * rounding error divided by the step.
 */
const differencing = 1e-6;

const roundingNear = nearby(rounding);
const differencesNear = nearby(differencing);

const tangentsOf = (f: SymbolicFunction): fc.Arbitrary<readonly Tensor[]> =>
  samplesOf(floats(typesOf(f)).map(vectors));
const cotangentsOf = (f: SymbolicFunction): fc.Arbitrary<readonly Tensor[]> =>
  samplesOf(floats(outputsOf(f)).map(vectors));

const like = (x: Tensor, elements: readonly number[]): Tensor =>
  tensorOf(x.shape, x.dtype, elements);

/** Splits the outputs of a tangent or cotangent map into the function's outputs and the rest. */
const halves = (f: SymbolicFunction, map: SymbolicFunction) => {
  const evaluate = evaluator(map);
  const count = outputsOf(f).length;
  return (...inputs: readonly (readonly Tensor[])[]) => {
    const all = evaluate(inputs.flat());
    return { outputs: all.slice(0, count), moved: all.slice(count) };
  };
};

/** `jvp` and `vjp` return exactly what the function returns. */
export const primalPreservation = ({ forward, reverse }: Modes = exact): Law<SymbolicFunction> =>
  law(
    "primal preservation",
    "jvp f (x, v) = (f x, ·) and vjp f x = (f x, ·), bit for bit",
    (f: SymbolicFunction) => {
      const evaluate = evaluator(f);
      const push = halves(f, tangentMap(f, forward));
      const pull = halves(f, cotangentMap(f, reverse));
      return {
        given: record({ x: inputsOf(f), v: tangentsOf(f), w: cotangentsOf(f) }),
        breach: ({ x, v, w }) => {
          const expected = evaluate(x);
          return (
            sameBits("jvp's output", push(x, v).outputs, expected) ??
            sameBits("vjp's output", pull(x, w).outputs, expected)
          );
        },
      };
    },
  );

/** The second difference quotient uses steps that are shorter by this factor. */
const refinement = 16;

/**
 * `jvp` is the limit of difference quotients, in f64. Where the quotients of two step sizes disagree, there is a kink
 * or a jump between them, and the law says nothing.
 */
export const differenceQuotients = ({ forward }: Modes = exact): Law<SymbolicFunction> =>
  law("difference quotients", "J(x)·v = lim (f(x + hv) - f(x)) / h", (f: SymbolicFunction) => {
    const push = halves(f, tangentMap(f, forward));
    const differences = halves(f, tangentMap(f, byDifferences.forward));
    /** The difference quotient along `v`, with steps shorter by a factor. */
    const quotient = (x: readonly Tensor[], v: readonly Tensor[], shorter: number) => {
      const along = differences(x, combine([1 / shorter], [v], like)).moved;
      return combine([shorter], [along], like);
    };
    return {
      given: record({ x: inputsOf(f), v: tangentsOf(f) }),
      breach: ({ x, v }) => {
        if (f.rough) return undefined;
        const coarse = quotient(x, v, 1);
        const difference = differencesNear("tangent", push(x, v).moved, coarse);
        if (difference === undefined) return undefined;
        const smooth = differencesNear("", quotient(x, v, refinement), coarse) === undefined;
        return smooth ? difference : undefined;
      },
    };
  });

/**
 * The cotangent map is the adjoint of the tangent map, up to `tolerance` times the sizes of the terms of both sums. Says
 * nothing where a dtype of few bits overflows.
 */
export const adjoint = (
  { forward, reverse }: Modes = exact,
  tolerance = rounding,
): Law<SymbolicFunction> =>
  law("adjoint", "⟨J(x)·v, w⟩ = ⟨v, J(x)ᵀ·w⟩", (f: SymbolicFunction) => {
    const push = halves(f, tangentMap(f, forward));
    const pull = halves(f, cotangentMap(f, reverse));
    return {
      given: record({ x: inputsOf(f), v: tangentsOf(f), w: cotangentsOf(f) }),
      breach: ({ x, v, w }) => {
        const left = inner(push(x, v).moved, w);
        const right = inner(v, pull(x, w).moved);
        const bound = tolerance * Math.max(1, left.magnitude, right.magnitude);
        const overflows = tolerance > rounding && bound === Number.POSITIVE_INFINITY;
        return overflows || Math.abs(left.value - right.value) <= bound
          ? undefined
          : `⟨Jv, w⟩ = ${left.value}, but ⟨v, Jᵀw⟩ = ${right.value}`;
      },
    };
  });

/** Tangent and cotangent maps are linear. */
export const linearity = ({ forward, reverse }: Modes = exact): Law<SymbolicFunction> =>
  law("linearity", "J·(a v + b u) = a J·v + b J·u, and so for Jᵀ", (f: SymbolicFunction) => {
    const push = halves(f, tangentMap(f, forward));
    const pull = halves(f, cotangentMap(f, reverse));
    return {
      given: record({
        x: inputsOf(f),
        v: tangentsOf(f),
        u: tangentsOf(f),
        w: cotangentsOf(f),
        z: cotangentsOf(f),
        a: small,
        b: small,
      }),
      breach: ({ x, v, u, w, z, a, b }) => {
        const linear = (map: typeof push, p: readonly Tensor[], q: readonly Tensor[]) =>
          [
            map(x, combine([a, b], [p, q], like)).moved,
            combine([a, b], [map(x, p).moved, map(x, q).moved], like),
          ] as const;
        return (
          roundingNear("J·(a v + b u)", ...linear(push, v, u)) ??
          roundingNear("Jᵀ·(a w + b z)", ...linear(pull, w, z))
        );
      },
    };
  });

/** The laws of a function's first derivative. */
export const derivativeLaws = (given: Modes = exact): readonly Law<SymbolicFunction>[] => [
  primalPreservation(given),
  differenceQuotients(given),
  adjoint(given),
  linearity(given),
];
