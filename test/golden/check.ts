import * as Effect from "effect/Effect";
import { ReverseMode, vjp } from "../../src/autodiff/index.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { sameShape, showShape, sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { Ground } from "./grounds.ts";
import {
  type Call,
  decodeCall,
  decodeTensor,
  type Sample,
  type Table,
  type Value,
} from "./torch.ts";

const reverse = <A>(effect: Effect.Effect<A, never, ReverseMode>): A =>
  Effect.runSync(Effect.provide(effect, ReverseMode.layerTape));

/** The weights by which a golden loss sums its outputs. */
const weightsOf = (y: Expr): Expr => {
  const data = Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.cos(1.7 * i + 0.3));
  return constant(Tensor.own(y.shape, "f64", data).cast(y.dtype));
};

/** The call with expressions in place of some of its tensors. */
const withTensors = (call: Call, replaced: ReadonlyMap<Value, Expr>): Call => {
  const replace = (v: Value): Value => replaced.get(v) ?? (Array.isArray(v) ? v.map(replace) : v);
  return {
    input: replace(call.input),
    args: call.args.map(replace),
    kw: Object.fromEntries(Object.entries(call.kw).map(([k, v]) => [k, replace(v)])),
  };
};

const asList = (made: Expr | readonly Expr[]): readonly Expr[] =>
  Array.isArray(made) ? made : [made as Expr];

/** The difference between two tensors beyond the tolerance, in words. */
const difference = (
  what: string,
  actual: Tensor | undefined,
  expected: Tensor,
  tolerance: number,
): string | undefined => {
  if (actual === undefined) return `${what}: missing`;
  if (!sameShape(actual.shape, expected.shape))
    return `${what}: shape ${showShape(actual.shape)}, not ${showShape(expected.shape)}`;
  const [a, e] = [[...actual.toTypedArray()], [...expected.toTypedArray()]];
  // Relative to the element, or to a hundredth of the largest element if cancellation made it small. The weights of the
  // loss are about 1, so the results of such cancellation have the rounding errors of its terms.
  const rounding = 16 * (expected.dtype === "f32" ? 2 ** -23 : 2 ** -52);
  const greatest = e.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 0);
  const at = e.findIndex((x, i) => {
    const y = a[i] as number;
    if (Object.is(x, y) || x === y) return false;
    return !(Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), greatest / 100) + rounding);
  });
  return at < 0 ? undefined : `${what}[${at}]: ${a[at]}, not ${e[at]}`;
};

/** The results of a table entry for a sample: a program of the outputs and then the gradients. */
const computed = (sample: Sample, entry: Table[string], ground: Ground) => {
  const { call, inputs } = decodeCall(sample, ground.float);
  const { parameters, values, differentiated } = inputs;
  const active = parameters.filter((_, i) => differentiated[i]);
  const expected = sample.out.map((y) => decodeTensor(y, ground.float));
  const f = (xs: readonly Expr[]): readonly Expr[] =>
    asList(entry(withTensors(call, new Map(active.map((x, i) => [x, xs[i] as Expr]))), expected));
  const [outputs, pullback] = reverse(vjp(f))(active);
  // An output that depends on nothing differentiable has no cotangent.
  const cotangents = outputs.map((y, i) =>
    isFloat(y.dtype) && sample.out[i]?.g === true ? weightsOf(y) : isFloat(y.dtype) ? zero(y) : y,
  );
  const gradients = pullback(cotangents);
  const [issue] = [...outputs, ...gradients].flatMap((y) => issuesOf(y));
  const run = (): readonly Tensor[] =>
    ground.run(program(parameters, [...outputs, ...gradients]), values);
  return { count: outputs.length, issue, run };
};

/**
 * The first mistake in the value or the gradient of a table entry for a sample. Throws `NotHad` if the entry lacks the
 * sample's variant.
 */
export const mistakeIn = (
  sample: Sample,
  entry: Table[string],
  ground: Ground,
): string | undefined => {
  const { count, issue, run } = computed(sample, entry, ground);
  if (count !== sample.out.length) return `${count} outputs, not ${sample.out.length}`;
  if (issue !== undefined) return issue;
  const results = run();
  const wrongOutput = sample.out.map((y, i) =>
    difference(`output ${i}`, results[i], decodeTensor(y, ground.float), ground.tolerance),
  );
  const wrongGradient = sample.grads.map((expected, i) => {
    const actual = results[count + i];
    // PyTorch gives no gradient where an operation blocks it; here it is zero.
    return expected === null
      ? undefined
      : difference(`gradient ${i}`, actual, decodeTensor(expected, ground.float), ground.tolerance);
  });
  return [...wrongOutput, ...wrongGradient].find((problem) => problem !== undefined);
};

/** A sample whose expected results are replaced by those that a ground computes. */
export const asComputed = (sample: Sample, entry: Table[string], ground: Ground): Sample => {
  const made = computed(sample, entry, ground).run();
  const encoded = made.map((y) => [...y.toTypedArray()]);
  return {
    ...sample,
    out: sample.out.map((y, i) => ({ ...y, d: encoded[i] ?? [] })),
    grads: sample.grads.map((g, i) => g && { ...g, d: encoded[sample.out.length + i] ?? [] }),
  };
};

const zero = (y: Expr): Expr =>
  constant(Tensor.own(y.shape, "f64", new Float64Array(sizeOf(y.shape))).cast(y.dtype));

const issuesOf = (y: Expr): readonly string[] =>
  program([], [y]).nodes.flatMap(({ issue }) =>
    issue === undefined ? [] : [JSON.stringify({ ...issue })],
  );
