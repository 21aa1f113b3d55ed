import { type Dtype, isHalf } from "../../tensor/dtype.ts";
import { at, type Shape, sameShape, stridesOf } from "../../tensor/shape.ts";
import { type Computed, copying, dtypeOfValue, type Fused, fewestAxes } from "../plan/fused.ts";
import {
  type Border,
  type Contraction,
  type Copy,
  type Kernel,
  type Reduction,
  type Work,
  writesOf,
} from "../plan/kernel.ts";
import { axesOf, contractionKernel } from "../plan/kernels/contraction.ts";
import { elementwiseKernel } from "../plan/kernels/elementwise.ts";
import { combining, emptyOf, neutralOf } from "../plan/kernels/reduction.ts";
import { type Buffer, bufferOf, identityOf, literal, type View } from "../plan/view.ts";
import { type Call, constantText, cTypes, operationText } from "./operations.ts";

/** Writes kernels as plain loops in C, line by line. */

/** The place where a kernel's text is written: the names of buffers, and the functions that the text may call. */
export interface Site {
  readonly name: (buffer: Buffer) => string;
  /** The pointer to a buffer, as an expression: equal for buffers that share their memory. */
  readonly pointer: (buffer: Buffer) => string;
  readonly call: Call;
}

type Lines = readonly string[];

const indented = (lines: Lines): Lines => lines.map((line) => `  ${line}`);

/** Loops over extents, by the names of their counters. */
const nest = (counters: readonly string[], extents: Shape, inner: Lines): Lines => {
  if (counters.length === 0) return inner.length === 1 ? inner : ["{", ...indented(inner), "}"];
  const heads = counters.map((i, a) => `for (ptrdiff_t ${i} = 0; ${i} < ${extents[a]}; ${i}++)`);
  const last = heads.length - 1;
  if (inner.length === 1)
    return [
      ...heads.map((head, depth) => `${"  ".repeat(depth)}${head}`),
      `${"  ".repeat(last + 1)}${inner[0]}`,
    ];
  return [
    ...heads.map((head, depth) => `${"  ".repeat(depth)}${head}${depth === last ? " {" : ""}`),
    ...indented(inner).map((line) => `${"  ".repeat(last)}${line}`),
    `${"  ".repeat(last)}}`,
  ];
};

const named = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${letter}${n}`);

/** `offset + Σ counter · stride` */
const affine = (
  offset: number,
  strides: readonly number[],
  counters: readonly string[],
): string => {
  const terms = counters.flatMap((i, a) => {
    const stride = strides[a] ?? 0;
    return stride === 0 ? [] : [stride === 1 ? i : `${stride} * ${i}`];
  });
  const all = offset === 0 && terms.length > 0 ? terms : [...terms, String(offset)];
  return all.join(" + ").replaceAll("+ -", "- ");
};

/** Puts a negative constant in parentheses, so that a sign may stand before it. */
const operand = (text: string): string => (text.startsWith("-") ? `(${text})` : text);

/** The element of a view at given counters, as an expression. */
const elementOf = (site: Site, view: View, counters: readonly string[]): string => {
  const { source, dtype, offset, strides } = view;
  switch (source.kind) {
    case "literal":
      return operand(constantText(dtype, source.value));
    case "buffer":
      return `${site.name(source.buffer)}[${affine(offset, strides, counters)}]`;
    case "iota": {
      const index = affine(offset, strides, counters);
      const cast = { primitive: "cast", operand: "i32", dtype, arguments: [] } as const;
      return operationText(
        cast,
        [`(int32_t)${/^\w+$/.test(index) ? index : `(${index})`}`],
        site.call,
      );
    }
  }
};

const declared = (dtype: Dtype, name: string, value: string): string =>
  `const ${cTypes[dtype]} ${name} = ${value};`;

/**
 * The lines that compute a body, and the text of each value. `given` has the texts of values that are already known.
 */
const computed = (
  site: Site,
  { loads, operations }: Computed,
  counters: readonly string[],
  given: ReadonlyMap<number, string> = new Map(),
): { readonly lines: Lines; readonly values: readonly string[] } => {
  const values: string[] = [];
  const lines: string[] = [];
  const name = (dtype: Dtype, value: string): string => {
    const fresh = `t${values.length}`;
    lines.push(declared(dtype, fresh, value));
    return fresh;
  };
  loads.forEach((view, i) => {
    const known = given.get(i);
    const element = (): string => elementOf(site, view, counters);
    const isNumber = view.source.kind === "literal";
    values.push(known ?? (isNumber ? element() : name(view.dtype, element())));
  });
  for (const operation of operations) {
    const xs = operation.arguments.map((a) => values[a] as string); // of earlier values
    values.push(name(operation.dtype, operationText(operation, xs, site.call)));
  }
  return { lines, values };
};

const stored = (
  site: Site,
  { stores }: Fused,
  counters: readonly string[],
  values: readonly string[],
): Lines => stores.map(({ value, to }) => `${elementOf(site, to, counters)} = ${values[value]};`);

const fusedText = (site: Site, work: Fused): Lines => {
  const { fused } = fewestAxes(work, 0, Number.POSITIVE_INFINITY);
  const counters = named("i", fused.space.length);
  const { lines, values } = computed(site, fused, counters);
  return nest(counters, fused.space, [...lines, ...stored(site, fused, counters, values)]);
};

/** The lines that copy one view to another; none if both are the same memory. */
const copyText = (site: Site, { from, to }: Copy): Lines => {
  const [source, target] = [identityOf(from), identityOf(to)];
  const isThere =
    source !== undefined && target !== undefined && site.pointer(source) === site.pointer(target);
  return isThere ? [] : fusedText(site, copying(from, to));
};

const borderText = (site: Site, { parts, value }: Border): Lines =>
  parts.flatMap((part) => fusedText(site, copying(literal(part.dtype, part.shape, value), part)));

const wide: { readonly [D in Dtype]: Dtype } = {
  f32: "f64",
  f64: "f64",
  f16: "f64",
  bf16: "f64",
  i32: "i32",
  u8: "i32",
  bool: "bool",
};

/** The line `total = total (+) x` for any operation. */
const combinedText = (
  site: Site,
  primitive: (typeof combining)[keyof typeof combining],
  dtype: Dtype,
  x: string,
): string => {
  const operation = { primitive, operand: dtype, dtype, arguments: [] } as const;
  return `total = ${operationText(operation, ["total", x], site.call)};`;
};

/** The lines of a reduction. Totals of f32 are kept in double precision, and rounded when they are stored. */
const reductionText = (site: Site, { combine, of, value, axes, to }: Reduction): Lines => {
  const counters = named("i", of.space.length);
  const kept = counters.flatMap((_, a) => (axes.includes(a) ? [] : [a]));
  const pick = <A>(xs: readonly A[], chosen: readonly number[]): readonly A[] =>
    chosen.map((a) => xs[a] as A);
  const dtype = dtypeOfValue(of, value);
  const carried = wide[dtype];
  const isEmpty = axes.some((a) => of.space[a] === 0);
  const start = isEmpty ? emptyOf(combine, dtype) : neutralOf(combine, dtype);
  const { lines, values } = computed(site, of, counters);
  const total = `${cTypes[carried]} total = ${constantText(carried, start)};`;
  const add = combinedText(site, combining[combine], carried, values[value] as string);
  const outer = pick(counters, kept);
  const target = affine(0, stridesOf(pick(of.space, kept)), outer);
  return nest(outer, pick(of.space, kept), [
    total,
    ...nest(pick(counters, axes), pick(of.space, axes), [...lines, add]),
    `${site.name(to)}[${target}] = ${dtype === carried ? "" : `(${cTypes[dtype]})`}total;`,
  ]);
};

/** The loops of a product: the axes of its result, and the axes that it sums over. */
const loopsOf = (work: Contraction) => {
  const { rows, columns, shared, summed } = axesOf(work);
  const { left, right } = work;
  const outer = [
    ...shared[0].map((a, n) => ({ left: a, right: shared[1][n] })),
    ...rows.map((a) => ({ left: a, right: undefined })),
    ...columns.map((a) => ({ left: undefined, right: a })),
  ];
  const inner = summed[0].map((a, n) => ({ left: a, right: summed[1][n] }));
  const along = (axis: number | undefined, of: readonly number[]): number =>
    axis === undefined ? 0 : at(of, axis);
  const levels = [...outer, ...inner];
  const extent = (axes: (typeof levels)[number]): number =>
    axes.left === undefined ? along(axes.right, right.shape) : at(left.shape, axes.left);
  return {
    space: outer.map(extent),
    summed: inner.map(extent),
    left: { ...left, strides: levels.map((axes) => along(axes.left, left.strides)) },
    right: { ...right, strides: levels.map((axes) => along(axes.right, right.strides)) },
  };
};

const squeezed = (shape: Shape): Shape => shape.filter((d) => d !== 1);

/**
 * The lines of a product. Sums are in double precision. The ending runs on each element before the next is computed.
 */
const contractionText = (site: Site, work: Contraction): Lines => {
  const { space, summed, left, right } = loopsOf(work);
  const { ending, to } = work;
  const [outer, inner] = [named("i", space.length), named("k", summed.length)];
  const counters = [...outer, ...inner];
  const carried = wide[to.dtype];
  const [x, y] = [elementOf(site, left, counters), elementOf(site, right, counters)];
  const widened = carried === to.dtype ? x : `(${cTypes[carried]})${x}`;
  const multiply = {
    primitive: to.dtype === "bool" ? "and" : "mul",
    operand: carried,
    dtype: carried,
    arguments: [],
  } as const;
  const add = combinedText(
    site,
    to.dtype === "bool" ? "or" : "add",
    carried,
    operationText(multiply, [widened, y], site.call),
  );
  const rounded = carried === to.dtype ? "total" : `(${cTypes[to.dtype]})total`;
  const sum = [
    `${cTypes[carried]} total = ${constantText(carried, 0)};`,
    ...nest(inner, summed, [add]),
  ];
  if (ending === undefined)
    return nest(outer, space, [
      ...sum,
      `${site.name(to)}[${affine(0, stridesOf(space), outer)}] = ${rounded};`,
    ]);
  const places = outer.filter((_, a) => space[a] !== 1);
  const product = ending.loads.findIndex((view) => bufferOf(view) === to);
  const { lines, values } = computed(site, ending, places, new Map([[product, "product"]]));
  return nest(outer, space, [
    ...sum,
    declared(to.dtype, "product", rounded),
    ...lines,
    ...stored(site, ending, places, values),
  ]);
};

/** The writer of each kind of work. */
const writers = {
  elementwise: (site, { fused }) => fusedText(site, fused),
  copy: copyText,
  border: borderText,
  overlapAdd: (site, { fused }) => fusedText(site, fused),
  reduction: reductionText,
  contraction: contractionText,
} as const satisfies {
  readonly [K in Work["kind"]]?: (site: Site, work: Extract<Work, { kind: K }>) => Lines;
};

type Writer = (site: Site, work: Work) => Lines;

/** The writer of a kernel; `undefined` if there is none. */
const writerOf = ({ work }: Kernel): Writer | undefined =>
  // A writer only receives work of its own kind.
  (writers as { readonly [kind: string]: Writer })[work.kind];

export const supports = (kernel: Kernel): boolean =>
  writerOf(kernel) !== undefined &&
  ![...kernel.reads, ...writesOf(kernel)].some(({ dtype }) => isHalf(dtype));

/** The lines of a kernel that is supported. */
export const kernelText = (site: Site, kernel: Kernel): Lines =>
  writerOf(kernel)?.(site, kernel.work) ?? [];

/**
 * Splits a product whose ending has other axes than the product: it is stored first, and a loop of its own reads it.
 */
export const expand = (kernel: Kernel): readonly Kernel[] => {
  const { work } = kernel;
  if (work.kind !== "contraction" || work.ending === undefined) return [kernel];
  const { params, left, right, to, ending } = work;
  if (sameShape(squeezed(loopsOf(work).space), ending.space)) return [kernel];
  return [contractionKernel(params, left, right, to), elementwiseKernel(ending)];
};
