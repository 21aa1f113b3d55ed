import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { einsum } from "../../ir/ops/einsum.ts";
import { add } from "../../ir/ops/elementwise.ts";
import { mistaken } from "../../ir/ops/promote.ts";
import { split } from "../../tensor/key.ts";
import { type Shape, showPattern } from "../../tensor/shape.ts";
import { shown } from "../../tensor/validate.ts";
import { stateless } from "../apply.ts";
import type { AffineParams } from "../functional/affine.ts";
import { glorotUniform, type Initializer, zeros } from "../initializers.ts";
import type { Layer } from "../layer.ts";

/** Options of {@link einsumDense}: the axes of its bias, and how params begin. */
export interface EinsumDenseOptions {
  /** The letters of the output axes that have a bias of their own. Defaults to none: no bias. */
  readonly biasAxes?: string;
  /** How the kernel begins. Defaults to `glorotUniform`, over the axes that are summed and those that are made. */
  readonly weightInit?: Initializer;
  /** How the bias begins. Defaults to `zeros`. */
  readonly biasInit?: Initializer;
}

/** Extents of one example; -1 stands for any. */
type Extents<S extends Shape, E extends string> = E extends `...${string}`
  ? Shape
  : { readonly [K in keyof S]: S[K] extends -1 ? number : S[K] };

const op = "einsumDense";
const refuse = (argument: string, expected: string, actual: string): never => {
  throw new InvalidArgument({ op, argument, expected, actual });
};

const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

/** What an equation and two shapes say: the letters of each term, and the extent of each letter. */
const readEquation = (equation: string, input: Shape, output: Shape, biasAxes: string) => {
  const match = /^(\.\.\.)?([A-Za-z]+),([A-Za-z]+)->(\.\.\.)?([A-Za-z]*)$/.exec(
    equation.replaceAll(" ", ""),
  );
  const form = 'two terms and their result, such as "ab,bc->ac" or "...b,bc->...c"';
  const [, more, from = "", kernel = "", still, to = ""] =
    match ?? refuse("equation", form, equation);
  if (more !== still) refuse("equation", `"..." first on both sides or on neither`, equation);
  for (const term of [from, kernel, to])
    if (new Set(term).size < term.length)
      refuse("equation", `each letter once in "${term}"`, equation);
  const extents = new Map<string, number>();
  for (const [argument, letters, shape] of [
    ["input", from, input],
    ["output", to, output],
  ] as const) {
    const expected = `an extent for each letter of "${letters}": a positive whole number, or -1 for any`;
    if (shape.length !== letters.length) refuse(argument, expected, shown(shape));
    for (const [i, letter] of [...letters].entries()) {
      const n = shape[i] as number;
      if (!(n === -1 || (Number.isSafeInteger(n) && n > 0)))
        refuse(argument, expected, shown(shape));
      const known = extents.get(letter) ?? -1;
      if (known !== -1 && n !== -1 && n !== known)
        refuse(argument, `${known} for "${letter}", as in the input`, shown(shape));
      extents.set(letter, n === -1 ? known : n);
    }
  }
  const lost = [...to].find((letter) => !(from + kernel).includes(letter));
  if (lost !== undefined) refuse("equation", `"${lost}" in a term, as in the result`, equation);
  const sized = (argument: string, letter: string): number => {
    const n = extents.get(letter) ?? -1;
    return n === -1
      ? refuse(argument, `an extent for "${letter}", in the input or the output`, shown(-1))
      : n;
  };
  const strange = [...biasAxes].find((letter) => !to.includes(letter));
  if (strange !== undefined) refuse("biasAxes", `letters of "${to}"`, biasAxes);
  const first = [...to].findIndex((letter) => biasAxes.includes(letter));
  return {
    from,
    shape: [...kernel].map((letter) => sized("output", letter)),
    bias:
      biasAxes === ""
        ? undefined
        : [...to].slice(first).map((l) => (biasAxes.includes(l) ? sized("biasAxes", l) : 1)),
    fan: {
      in: product([...kernel].filter((l) => !to.includes(l)).map((l) => sized("output", l))),
      out: product([...kernel].filter((l) => !from.includes(l)).map((l) => sized("output", l))),
    },
    elided: more !== undefined,
  };
};

/**
 * A dense layer along any axes: the product of an example with a kernel by Einstein summation.
 *
 * **Shapes** `x: [...input] → y: [...output]`, one example, whose axes the letters name in order; -1 stands for any
 * extent that the kernel does not have. `"..."`, first on both sides, stands for any axes before them. The kernel has
 * the axes of its letters, the bias those of `biasAxes`.
 * **Math** `y = einsum(equation, x, W) + b`. Keras's equation without the axis of the batch.
 * **Fails with** `InvalidArgument`, thrown, where the equation does not fit itself or the shapes.
 * **Source** Keras, `EinsumDense`; notation: {@link einsum}.
 *
 * @example
 * ```ts
 * import { einsumDense, summary } from "fluxion/nn";
 * const heads = einsumDense("td,dhk->thk", [-1, 8], [-1, 2, 4], { biasAxes: "hk" });
 * summary(heads, [5, 8])[0] // => { name: "einsumDense td,dhk->thk", depth: 0, input: [5, 8], output: [5, 2, 4], params: 72 }
 * ```
 */
export const einsumDense = <
  const E extends string,
  const I extends readonly number[],
  const O extends readonly number[],
>(
  equation: E,
  input: I,
  output: O,
  { biasAxes = "", weightInit = glorotUniform, biasInit = zeros }: EinsumDenseOptions = {},
): Layer<Extents<I, E>, Extents<O, E>, AffineParams, undefined> => {
  const { from, shape, bias, fan, elided } = readEquation(equation, input, output, biasAxes);
  const pattern = input.map((n, i) => (n === -1 ? (from[i] as string) : n));
  const takes = showPattern(elided ? ["...", ...pattern] : pattern);
  /** Reports an example of another rank or extent, and puts one that fits in its place. */
  const fitting = (x: Expr): Expr => {
    const own = x.shape.slice(x.shape.length - input.length);
    const fits = elided ? x.shape.length >= input.length : x.shape.length === input.length;
    if (fits && own.every((n, i) => input[i] === -1 || n === input[i])) return x;
    return mistaken(
      op,
      takes,
      x,
      input.map((n) => (n === -1 ? 1 : n)),
    );
  };
  return stateless<Extents<I, E>, Extents<O, E>, AffineParams>(
    `${op} ${equation}`,
    (key) => {
      const [forWeight, forBias] = split(key, 2);
      const weight = weightInit(forWeight, shape, fan);
      return bias === undefined ? { weight } : { weight, bias: biasInit(forBias, bias, fan) };
    },
    ({ weight, bias: offset }, x) => {
      const y = einsum<string>(equation, fitting(x), weight);
      return offset === undefined ? y : add(y, offset);
    },
    takes,
  );
};
