import * as fc from "fast-check";
import { derive } from "../../src/interpreter/derive.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { inputsOf, programOf, type SymbolicFunction, typesOf } from "../symbolic.ts";
import type { Compile } from "../values/meaning.ts";

/** A loss that claims to be nonnegative is never negative, neither by rounding nor by the sign of a zero. */
export const neverNegative = (compile: Compile): Law<SymbolicFunction> =>
  law("never negative", "f(x) ≥ 0 or f(x) = NaN", (f: SymbolicFunction) => {
    const executable = compile(programOf(typesOf(f), f.apply));
    return {
      given: inputsOf(f),
      breach: (x: readonly Tensor[]) => {
        const loss = executable.run(x)[0]?.item() ?? Number.NaN;
        return loss < 0 || Object.is(loss, -0) ? `the loss is ${loss}` : undefined;
      },
    };
  });

/** A loss of scores and a label. Valid labels are the integers from 0 to less than `classes`. */
export interface Labelled {
  readonly name: string;
  /** The shape of the scores. */
  readonly scores: readonly number[];
  readonly classes: number;
  /** A label in that range that is invalid: a blank. */
  readonly none?: number;
  readonly loss: (scores: Expr, label: Expr) => Expr;
}

const differentiated = ({ scores, loss }: Labelled, dtype: "f32" | "f64") => {
  const types = [
    { shape: scores, dtype },
    { shape: [], dtype: "i32" },
  ] as const;
  const body = programOf(types, ([x, y]) => [loss(x as Expr, y as Expr)]);
  return programOf(types, (xs) => {
    const made = derive.vjp(body, xs, [true, false]);
    const [gradient] = made.pullback([constant(tensorOf([], dtype, [1]))]);
    return [...made.outputs, gradient as Expr];
  });
};

/** A valid label has a loss; an invalid one makes the loss and its gradient NaN. */
export const unknownLabels = (compile: Compile): Law<Labelled> =>
  law("invalid labels", "ℓ(x, y) = NaN and ∂ℓ/∂x has NaN ⇔ y is invalid", (f: Labelled) => {
    const { inputs, outputs } = differentiated(f, "f32");
    const executable = compile(program(inputs, outputs));
    const size = f.scores.reduce((n, extent) => n * extent, 1);
    const ends = [-(2 ** 31), 2 ** 31 - 1, -100, f.classes, -1];
    return {
      given: record({
        scores: fc.array(fc.integer({ min: -8, max: 8 }), { minLength: size, maxLength: size }),
        label: fc.oneof(fc.integer({ min: -3, max: f.classes + 3 }), fc.constantFrom(...ends)),
      }),
      breach: ({ scores, label }) => {
        const [loss, gradient] = executable.run([
          tensorOf(f.scores, "f32", scores),
          tensorOf([], "i32", [label]),
        ]);
        const known = label >= 0 && label < f.classes && label !== f.none;
        const value = loss?.item() ?? 0;
        const lost = [...(gradient?.toTypedArray() ?? [])].some(Number.isNaN);
        if (Number.isNaN(value) === known) return `the loss of label ${label} is ${value}`;
        return lost === known ? `the gradient of label ${label} is ${gradient}` : undefined;
      },
    };
  });

/** A loss that is a mean over elements. */
export interface MeanLoss {
  readonly name: string;
  readonly loss: (x: Expr, y: Expr) => Expr;
}

/** Numbers of elements for which most sums of equal numbers are rounded. */
const extents = [3, 7, 49, 100];

/** A loss whose elements are all equal has the same mean for any number of elements, to the last bit. */
export const constantMean = (compile: Compile): Law<MeanLoss> =>
  law("mean of a constant", "ℓ((x, …, x), (y, …, y)) = ℓ((x), (y))", ({ loss }: MeanLoss) => {
    const over = (n: number) => {
      const types = [
        { shape: [n], dtype: "f32" },
        { shape: [n], dtype: "f32" },
      ] as const;
      const executable = compile(programOf(types, ([x, y]) => [loss(x as Expr, y as Expr)]));
      return (x: number, y: number): number =>
        executable
          .run([x, y].map((e) => tensorOf([n], "f32", new Array<number>(n).fill(e))))[0]
          ?.item() ?? Number.NaN;
    };
    const one = over(1);
    const several = extents.map((n) => [n, over(n)] as const);
    const drawn = fc.integer({ min: -400, max: 400 }).map((k) => k / 30);
    return {
      given: record({ x: drawn, y: drawn }),
      breach: ({ x, y }) => {
        const wanted = one(x, y);
        const [n, f] = several.find(([, f]) => !Object.is(f(x, y), wanted)) ?? [0, one];
        return n === 0 ? undefined : `of ${n} elements it is ${f(x, y)}, of one ${wanted}`;
      },
    };
  });
