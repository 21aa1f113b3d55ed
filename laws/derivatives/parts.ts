import * as fc from "fast-check";
import type { Expr } from "../../src/ir/expr.ts";
import { zerosLike } from "../../src/ir/ops/indexing.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { vectors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import {
  evaluator,
  floats,
  inputsOf,
  outputsOf,
  programOf,
  type SymbolicFunction,
  typesOf,
} from "../symbolic.ts";
import { nearby } from "../values/compare.ts";
import { choices } from "./batching.ts";
import { exact, type Modes, rounding } from "./derivatives.ts";

type Maybe = Expr | undefined;

/** The chosen floats; `undefined` for other values. */
const among = (xs: readonly Expr[], chosen: readonly boolean[]): readonly Maybe[] =>
  xs.map((x, i) => (isFloat(x.dtype) && chosen[i] ? x : undefined));

/** The chosen floats, with zeros for the other floats. */
const zeroed = (xs: readonly Expr[], chosen: readonly boolean[]): readonly Maybe[] =>
  xs.map((x, i) => (isFloat(x.dtype) ? (chosen[i] ? x : zerosLike(x)) : undefined));

const filled = (ts: readonly Maybe[], like: readonly Expr[]): readonly Expr[] =>
  like.flatMap((y, i) => (isFloat(y.dtype) ? [ts[i] ?? zerosLike(y)] : []));

/** Puts `xs` at the positions of the floats in `like`; other values stay. */
const placed = (like: readonly Expr[], xs: readonly Expr[]): readonly Expr[] => {
  const rest = [...xs];
  return like.map((y) => (isFloat(y.dtype) ? (rest.shift() as Expr) : y));
};

/**
 * Derivatives along the `moving` operands and from the `given` outputs only, followed by the same derivatives along all
 * operands and from all outputs with zeros for the rest; and the derivatives that exist where none should.
 */
const partsOf = (
  f: SymbolicFunction,
  { forward, reverse }: Modes,
  moving: readonly boolean[],
  given: readonly boolean[],
) => {
  const types = typesOf(f);
  const body = programOf(types, f.apply);
  const found: string[] = [];
  const beyond = (what: string, ts: readonly Maybe[], allowed: readonly unknown[]): void => {
    ts.forEach((t, i) => {
      if (t !== undefined && !allowed[i]) found.push(`there is a ${what} ${i}, which must be none`);
    });
  };
  const map: SymbolicFunction = {
    ...f,
    operands: [...f.operands, ...floats(types).map(vectors), ...floats(body.outputs).map(vectors)],
    apply: (inputs) => {
      const xs = inputs.slice(0, types.length);
      const end = types.length + floats(types).length;
      const v = placed(xs, inputs.slice(types.length, end));
      const w = placed(body.outputs, inputs.slice(end));
      const active = among(xs, moving).map((x) => x !== undefined);
      const float = xs.map((x) => isFloat(x.dtype));
      const some = forward.jvp(body, xs, among(v, moving)).tangents;
      const all = forward.jvp(body, xs, zeroed(v, moving)).tangents;
      const few = reverse.vjp(body, xs, active).pullback(among(w, given));
      const each = reverse.vjp(body, xs, float).pullback(zeroed(w, given));
      beyond("tangent where nothing moves,", forward.jvp(body, xs, among(v, [])).tangents, []);
      beyond(
        "tangent of what is no float,",
        some,
        among(
          body.outputs,
          body.outputs.map(() => true),
        ),
      );
      beyond("cotangent of what is held,", few, active);
      beyond("cotangent from none,", reverse.vjp(body, xs, active).pullback(among(w, [])), []);
      const wanted = each.map((ct, i) => (active[i] ? ct : undefined));
      return [
        ...[...filled(some, body.outputs), ...filled(few, xs)],
        ...[...filled(all, body.outputs), ...filled(wanted, xs)],
      ];
    },
  };
  const evaluate = evaluator(map);
  return {
    found,
    inputs: inputsOf(map),
    derivatives: (xs: readonly Tensor[]) => {
      const made = evaluate(xs);
      return [made.slice(0, made.length / 2), made.slice(made.length / 2)] as const;
    },
  };
};

const near = nearby(rounding);

/**
 * Derivatives along some operands, and from some outputs, equal those along all operands and from all outputs with
 * zeros for the rest. A value that does not move or is no float has no derivative at all: not a tensor of zeros that
 * would be computed.
 */
export const parts = (modes: Modes = exact): Law<SymbolicFunction> =>
  law("parts", "J·v of some operands is J·(v, 0), and so for Jᵀ", (f: SymbolicFunction) => {
    const results = outputsOf(f);
    const prepared = choices(f.operands.length).flatMap((moving) =>
      choices(results.length).map((given) => ({
        name: `along ${moving.map(Number)} from ${given.map(Number)}`,
        of: lazily(() => partsOf(f, modes, moving, given)),
      })),
    );
    return {
      given: fc
        .constantFrom(...prepared)
        .chain(({ name, of }) =>
          of().inputs.map((xs) => ({ of, xs, toString: () => `${name}: ${xs.join("; ")}` })),
        ),
      breach: ({ of, xs }) => {
        const { found, derivatives } = of();
        return found[0] ?? near("derivative", ...derivatives(xs));
      },
    };
  });

const lazily = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};
