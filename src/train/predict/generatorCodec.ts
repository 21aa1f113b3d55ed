import * as t from "io-ts/lib/index.js";
import { natural } from "../../codec/number.ts";
import { programCodec } from "../../codec/program/program.ts";
import type { DecodeIssue } from "../../errors.ts";
import type { Program, TensorType } from "../../ir/expr.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Bound, Generator } from "./generating.ts";

/** A generator whose params are named. */
export type NamedGenerator = Generator<string>;

const bound: t.Type<Bound<string>, unknown> = t.strict({
  program: programCodec,
  params: t.readonlyArray(t.string),
});

const written = t.intersection([
  t.strict({ name: t.string, vocabulary: natural, begin: bound, step: bound }),
  t.partial({
    positions: natural,
    source: t.strict({ vocabulary: natural, length: natural, padding: natural }),
  }),
]);

/** A model that generates, as JSON. A sequence of any length has no `positions`. */
export const generatorCodec: t.Type<NamedGenerator, unknown> = new t.Type(
  "a model that generates",
  (value): value is NamedGenerator =>
    typeof value === "object" && value !== null && "begin" in value && "step" in value,
  (input, context) => {
    const read = written.validate(input, context);
    if (read._tag === "Left") return read;
    const { positions = Number.POSITIVE_INFINITY, ...rest } = read.right;
    return t.success({ ...rest, positions });
  },
  ({ positions, ...rest }) =>
    written.encode({ ...rest, ...(Number.isFinite(positions) && { positions }) }),
);

const text = ({ dtype, shape }: TensorType): string => `${dtype} ${showShape(shape)}`;

/** The first type that is another than is wanted. */
const unlike = (
  path: readonly string[],
  given: readonly TensorType[],
  wanted: readonly (TensorType | undefined)[],
): DecodeIssue | undefined => {
  const at = Array.from({ length: Math.max(given.length, wanted.length) }, (_, i) => i).find(
    (i) => {
      const [x, y] = [given[i], wanted[i]];
      return !x || !y || x.dtype !== y.dtype || !sameShape(x.shape, y.shape);
    },
  );
  if (at === undefined) return undefined;
  const [x, y] = [given[at], wanted[at]];
  return {
    path: ["generator", ...path, String(at)],
    expected: y ? text(y) : "nothing",
    actual: x ? text(x) : "nothing",
  };
};

const i32 = (...shape: readonly number[]): TensorType => ({ shape, dtype: "i32" });

/** Why the parts of a generator do not fit one another, or the params of its model; `undefined` where they do. */
export const generatorIssue = (
  { begin, step, vocabulary, source }: NamedGenerator,
  params: { readonly [name: string]: TensorType },
): DecodeIssue | undefined => {
  const named = (names: readonly string[]) =>
    names.map((name) => (Object.hasOwn(params, name) ? params[name] : undefined));
  const typesOf = (values: Program["outputs"]): readonly TensorType[] => values;
  const carry = typesOf(begin.program.outputs);
  const beginTakes = [...named(begin.params), i32(source?.length ?? 0)];
  const stepTakes = [...named(step.params), i32(), ...carry];
  return (
    unlike(["begin", "inputs"], begin.program.inputs, beginTakes) ??
    unlike(["step", "inputs"], step.program.inputs, stepTakes) ??
    unlike(["step", "outputs"], step.program.outputs, [
      { shape: [vocabulary], dtype: "f32" },
      ...carry,
    ])
  );
};
