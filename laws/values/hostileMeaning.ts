import { run } from "../../src/interpreter/evaluate.ts";
import type { AnyNode, Program } from "../../src/ir/expr.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { greatestOf } from "../../src/tensor/extremes.ts";
import { sameShape, showShape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";
import type { Compile } from "./meaning.ts";
import { leastUnitOf, perturbed, rounding, ruleOf, signs, unitOf } from "./roundoff.ts";

const experiments = 4;

/** The magnitudes of finite elements. For products, the ratio of each number to 1, above 1. */
const sizes = (x: Tensor, product: boolean): Tensor =>
  tensorOf(
    x.shape,
    x.dtype,
    Array.from(x.toTypedArray(), (value) => {
      const size = Math.abs(value);
      if (!Number.isFinite(size)) return product ? 1 : 0;
      return product && size < 1 ? 1 / (size === 0 ? 1 : size) : size;
    }),
  );

/**
 * Whether a sum or product of finite numbers can overflow on the way, so that the order of its terms decides its
 * result.
 */
const overflows = (node: AnyNode, inputs: readonly Tensor[]): boolean => {
  if (rounding(node) !== "terms" || !inputs.some(({ dtype }) => isFloat(dtype))) return false;
  const product = node.primitive === "reduce" && node.params.kind === "prod";
  const large = inputs.map((x) => (isFloat(x.dtype) ? sizes(x, product) : x));
  // None of these primitives has an inner program.
  return ruleOf(node)(node.params, large, () => []).some((y) =>
    y.toTypedArray().some((value) => value === Number.POSITIVE_INFINITY),
  );
};

/** Whether a computed element agrees with the exact one, given several runs with perturbed rounding. */
const agrees = (computed: number, exact: number, others: readonly number[], least: number) => {
  if (Object.is(computed, exact) || computed === exact) return true;
  // Where rounding decides whether a result is NaN, both outcomes are right.
  if (others.some((y) => Number.isNaN(y) !== Number.isNaN(exact))) return true;
  if (Number.isNaN(computed) || Number.isNaN(exact)) return false;
  const spread = Math.max(
    least,
    greatestOf(others.map((y) => (y === exact ? 0 : Math.abs(y - exact)))),
  );
  return Math.abs(computed - exact) <= spread;
};

/**
 * The difference between a backend's outputs and the program's meaning beyond rounding, in words; `undefined` if there
 * is none.
 */
export const agreement = (
  program: Program,
  inputs: readonly Tensor[],
  computed: readonly Tensor[],
) => {
  let beyond = false;
  const exact = run(program, inputs);
  const others = Array.from({ length: experiments }, (_, k) =>
    perturbed(signs(k + 1), (node, xs) => {
      beyond ||= overflows(node, xs);
    })(program, inputs).map((y) => y.toTypedArray()),
  );
  if (beyond) return undefined;
  for (const [n, y] of exact.entries()) {
    const other = computed[n] as Tensor;
    if (!sameShape(y.shape, other.shape))
      return `output ${n} is ${showShape(other.shape)}, not ${showShape(y.shape)}`;
    const [wanted, got] = [y.toTypedArray(), other.toTypedArray()];
    for (const [i, value] of wanted.entries()) {
      const least = unitOf(y) * Math.abs(value) + leastUnitOf(y);
      const spread = others.map((each) => each[n]?.[i] as number);
      if (!agrees(got[i] as number, value, spread, Number.isFinite(least) ? least : 0))
        return `output ${n}, element ${i} is ${got[i]}, not ${value}`;
    }
  }
  return undefined;
};

/**
 * A backend agrees with the reference rules where floats end: NaN for NaN, infinity for infinity, and finite numbers
 * within the program's amplified rounding. Where a sum overflows on the way, its order decides, and the law says
 * nothing.
 */
export const hostileAgreement = (compile: Compile): Law<SymbolicFunction> =>
  law(
    "backends agree on hostile numbers",
    "compiled p x = run p x but for rounding; NaN where NaN, ±∞ where ±∞",
    (f: SymbolicFunction) => {
      const program = programOf(typesOf(f), f.apply);
      const executable = compile(program);
      return { given: inputsOf(f), breach: (x) => agreement(program, x, executable.run(x)) };
    },
  );

const zeroLost = (computed: readonly Tensor[], exact: readonly Tensor[]): string | undefined => {
  for (const [n, y] of exact.entries()) {
    const got = (computed[n] as Tensor).toTypedArray();
    const at = Array.from(y.toTypedArray()).findIndex(
      (value, i) => value === 0 && got[i] === 0 && !Object.is(value, got[i]),
    );
    if (at >= 0) return `output ${n}, element ${at} is a zero of the wrong sign`;
  }
  return undefined;
};

/** A zero has the same sign on a backend as by the reference rules. */
export const signedZeros = (compile: Compile): Law<SymbolicFunction> =>
  law("signs of zeros", "1 / compiled p x = 1 / run p x where both are 0", (f) => {
    const program = programOf(typesOf(f), f.apply);
    const executable = compile(program);
    return {
      given: inputsOf(f),
      breach: (x: readonly Tensor[]) => zeroLost(executable.run(x), run(program, x)),
    };
  });
