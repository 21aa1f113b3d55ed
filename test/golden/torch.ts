import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { parameter } from "../../src/ir/build.ts";
import { Expr } from "../../src/ir/expr.ts";
import { stopGradient } from "../../src/ir/ops/control.ts";
import { add, sub } from "../../src/ir/ops/elementwise.ts";
import { allocate, type Dtype } from "../../src/tensor/dtype.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

/** The folder of the golden files, which lies beside the repository; its README describes their format. */
const folder = new URL("../../../shared/golden/", import.meta.url);

/** The records of a golden file; `undefined` if the file is missing. */
export const readGolden = <T>(name: string): readonly T[] | undefined => {
  const file = fileURLToPath(new URL(name, folder));
  if (!existsSync(file)) return undefined;
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(withoutNonFinite(line)) as T);
};

/** Python writes numbers that JSON lacks: infinities become numbers out of range, and NaN becomes null. */
const withoutNonFinite = (line: string): string =>
  line.replace(/(?<=[[,:] ?-?)Infinity/g, "1e999").replace(/(?<=[[,:] ?)NaN/g, "null");

type Number = number | boolean | "inf" | "-inf" | "nan";

interface EncodedTensor {
  readonly t: string;
  readonly s: readonly number[];
  readonly d: readonly Number[];
  readonly g: boolean;
}

type Encoded =
  | EncodedTensor
  | { readonly l: readonly Encoded[] }
  | { readonly o: { readonly [key: string]: Encoded } }
  | { readonly slice: readonly (number | null)[] }
  | { readonly x: string }
  | number
  | string
  | boolean
  | null;

/** One operation applied to one input, with PyTorch's results. */
export interface Sample {
  readonly op: string;
  readonly i: number;
  readonly input: Encoded;
  readonly args: Encoded;
  readonly kw: Encoded;
  readonly out: readonly EncodedTensor[];
  readonly grads: readonly (EncodedTensor | null)[];
}

/** A decoded argument, with an expression for each tensor. */
export type Value =
  | Expr
  | number
  | string
  | boolean
  | null
  | readonly Value[]
  | { readonly slice: readonly (number | null)[] }
  | { readonly x: string };

/** The arguments of an operation. */
export interface Call {
  readonly input: Value;
  readonly args: readonly Value[];
  readonly kw: { readonly [key: string]: Value };
}

const numberOf = (n: Number): number =>
  typeof n === "number"
    ? n
    : typeof n === "boolean"
      ? n
        ? 1
        : 0
      : n === "nan"
        ? Number.NaN
        : n === "inf"
          ? Number.POSITIVE_INFINITY
          : Number.NEGATIVE_INFINITY;

const dtypeOf = (t: string, float: "f32" | "f64"): Dtype =>
  t === "float64" ? float : t === "bool" ? "bool" : "i32";

export const decodeTensor = (e: EncodedTensor, float: "f32" | "f64" = "f64"): Tensor => {
  const dtype = dtypeOf(e.t, float);
  const data = allocate(dtype, sizeOf(e.s));
  e.d.forEach((n, i) => {
    data[i] = numberOf(n);
  });
  return Tensor.own(e.s, dtype, data);
};

/** A sample whose tensor operand has been rounded to f32. */
export const roundedToF32 = (sample: Sample): Sample => {
  if (!isTensor(sample.input)) throw new Error(`${sample.op}: the operand is no tensor`);
  const d = sample.input.d.map((n) => Math.fround(numberOf(n)));
  return { ...sample, input: { ...sample.input, d } };
};

/** The tensors of a call: their parameters in a program, their values, and whether each has a gradient. */
export interface Inputs {
  readonly parameters: readonly Expr[];
  readonly values: readonly Tensor[];
  readonly differentiated: readonly boolean[];
}

const isTensor = (e: Encoded): e is EncodedTensor =>
  typeof e === "object" && e !== null && "t" in e;

/** Decodes a sample's arguments. Also returns its tensors in the order in which they occur. */
export const decodeCall = (
  sample: Sample,
  float: "f32" | "f64" = "f64",
): { readonly call: Call; readonly inputs: Inputs } => {
  const parameters: Expr[] = [];
  const values: Tensor[] = [];
  const differentiated: boolean[] = [];
  const decode = (e: Encoded): Value => {
    if (isTensor(e)) {
      if (e.t === "float32") return notHad("operands of two float dtypes");
      const value = decodeTensor(e, float);
      const x = parameter(value);
      parameters.push(x);
      values.push(value);
      differentiated.push(e.g);
      return x;
    }
    if (typeof e !== "object" || e === null) return e;
    if ("l" in e) return e.l.map(decode);
    if ("slice" in e || "x" in e) return e;
    return Object.entries(e.o).map(([k, v]) => [k, decode(v)]);
  };
  const input = decode(sample.input);
  const args = decode(sample.args) as readonly Value[];
  const kw = Object.fromEntries(decode(sample.kw) as readonly (readonly [string, Value])[]);
  return { call: { input, args, kw }, inputs: { parameters, values, differentiated } };
};

/** Thrown by a table entry for a variant of an operation that fluxion does not have. */
export class NotHad extends Error {}

export const notHad = (what: string): never => {
  throw new NotHad(what);
};

/** An argument by its position after the input, or by its name. */
export const arg = (c: Call, position: number, name: string, otherwise: Value = null): Value =>
  c.args[position] ?? c.kw[name] ?? otherwise;

export const tensorOf = (v: Value): Expr => (v instanceof Expr ? v : notHad("a tensor"));
export const tensorsOf = (v: Value): readonly Expr[] =>
  Array.isArray(v) ? v.map(tensorOf) : [tensorOf(v)];
export const scalarOf = (v: Value): number =>
  typeof v === "number"
    ? v
    : v === true
      ? 1
      : v === false
        ? 0
        : v === "inf" || v === "-inf"
          ? numberOf(v)
          : notHad("a number");
export const numbersOf = (v: Value): readonly number[] =>
  Array.isArray(v) ? v.map(scalarOf) : [scalarOf(v)];
export const inputOf = (c: Call): Expr => tensorOf(c.input);

/**
 * The value of one expression with the derivative of another, for operations whose PyTorch derivative is not that of
 * their value.
 */
export const slopedAs = (value: Expr, slope: Expr): Expr =>
  add(slope, stopGradient(sub(value, slope) as Expr)) as Expr;

/** Axes counted from the front. A scalar has none, even though PyTorch gives it one. */
export const axesOf = (v: Value, rank: number): readonly number[] | undefined =>
  v === null ? undefined : rank === 0 ? [] : numbersOf(v).map((a) => (a < 0 ? a + rank : a));

/**
 * The operations of PyTorch expressed in fluxion, by their PyTorch names. An entry uses the expected outputs only to
 * learn the signs that PyTorch chose for vectors with two possible signs.
 */
export type Table = {
  readonly [op: string]: (c: Call, expected: readonly Tensor[]) => Expr | readonly Expr[];
};
