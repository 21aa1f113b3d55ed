import { type Dtype, isFloat, store } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { AnyNode, Expr, Program, TensorType } from "./expr.ts";
import { namedPrograms, topological } from "./program.ts";

/** Names values a … z, aa, ab, … in order of appearance. */
const letters = (n: number): string =>
  (n < 26 ? "" : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(97 + (n % 26));

const showType = ({ shape, dtype }: TensorType): string => `${dtype}[${shape.join(",")}]`;

/** The shortest decimal that reads back as the same number in the dtype. */
const showNumber = (x: number, dtype: Dtype): string => {
  if (Object.is(x, -0)) return "-0";
  if (dtype === "f64" || !isFloat(dtype)) return String(x);
  const digits =
    [1, 2, 3, 4, 5, 6, 7, 8].find((n) => store(dtype, Number(x.toPrecision(n))) === x) ?? 9;
  return String(Number(x.toPrecision(digits)));
};

/** How many elements of a constant are printed. */
const shownElements = 6;

const showConstant = (value: Tensor): string => {
  const data = Tensor.read(value);
  const shown = Array.from(data.slice(0, shownElements), (x) => showNumber(x, value.dtype));
  return [...shown, ...(data.length > shownElements ? ["…"] : [])].join(" ");
};

const showList = (xs: readonly number[]): string => `(${xs.join(",")})`;

type Lines = readonly string[];
const indent = (lines: Lines): Lines => lines.map((line) => `  ${line}`);

/** The parameters of a node as text, with inner programs on separate lines. */
const showParams = (node: AnyNode): { readonly text: string; readonly inner: Lines } => {
  const inner = (programs: Readonly<Record<string, Program>>): Lines =>
    Object.entries(programs).flatMap(([name, p]) => {
      const [first = "", ...rest] = listing(p);
      return [`${name}=${first}`, ...rest];
    });
  const flat = (params: Readonly<Record<string, unknown>>) => ({
    text: Object.entries(params)
      .map(([name, v]) => `${name}=${showValue(v)}`)
      .join(" "),
    inner: [],
  });
  switch (node.primitive) {
    case "constant":
      return { text: showConstant(node.params.value), inner: [] };
    case "dot": {
      const pair = (
        name: string,
        [left, right]: readonly [readonly number[], readonly number[]],
      ) =>
        left.length + right.length === 0 ? [] : [`${name}=${showList(left)},${showList(right)}`];
      const { contract, batch } = node.params;
      return {
        text: [...pair("contract", contract), ...pair("batch", batch)].join(" "),
        inner: [],
      };
    }
    case "call": {
      const { name, rules } = node.params;
      return { text: `${rules.kind} ${name}`, inner: inner(namedPrograms(node)) };
    }
    case "parameter":
      return flat({});
    default: {
      const programs = namedPrograms(node);
      const rest = Object.entries(node.params).filter(
        ([name, value]) => !(name in programs) && value !== undefined,
      );
      return { text: flat(Object.fromEntries(rest)).text, inner: inner(programs) };
    }
  }
};

const showValue = (value: unknown): string => {
  if (Array.isArray(value)) return showList(value);
  return Object.is(value, -0) ? "-0" : String(value);
};

/** The comment after a node: the layers around it, and its issue. */
const showRemarks = (node: AnyNode): string => {
  const path = node.path.length > 0 ? [node.path.join("/")] : [];
  const issue = node.issue === undefined ? [] : [`! ${node.issue._tag}`];
  const remarks = [...path, ...issue].join(" ");
  return remarks === "" ? "" : `  # ${remarks}`;
};

const listing = (program: Program): Lines => {
  const names = new Map<AnyNode, readonly string[]>();
  let count = 0;
  const declare = (node: AnyNode): string => {
    const own = node.outputs.map(() => letters(count++));
    names.set(node, own);
    return own.map((name, i) => `${name}:${showType(node.outputs[i] as TensorType)}`).join(" ");
  };
  const isLiteral = (node: AnyNode): boolean =>
    node.primitive === "constant" && node.params.value.shape.length === 0;
  const name = (x: Expr): string =>
    x.node.primitive === "constant" && isLiteral(x.node)
      ? `${showConstant(x.node.params.value)}:${x.dtype}`
      : (names.get(x.node)?.[x.index] ?? "?");

  const inputs = program.inputs.map((x) => declare(x.node));
  const lines: string[] = [];
  for (const node of topological(program.outputs)) {
    if (names.has(node) || isLiteral(node)) continue;
    const declared = declare(node);
    const { text, inner } = showParams(node);
    const operands = node.inputs.map((x) => ` ${name(x)}`).join("");
    const remarks = showRemarks(node);
    if (inner.length > 0)
      lines.push(
        `${declared} = ${node.primitive}[${text}`,
        ...indent(inner),
        `]${operands}${remarks}`,
      );
    else {
      const params = text === "" ? "" : `[${text}]`;
      const free = node.primitive === "parameter" ? "free " : "";
      lines.push(`${declared} = ${free}${node.primitive}${params}${operands}${remarks}`);
    }
  }
  const results = `in (${program.outputs.map(name).join(", ")}) }`;
  return [`{ ${[...inputs, "."].join(" ")}`, ...indent(lines), results];
};

/**
 * Prints a program, one line per node: `name:dtype[shape] = primitive[parameters] operands`, with the layers around
 * it after `#`. Constant scalars are written where they are used.
 */
export const printProgram = (program: Program): string => listing(program).join("\n");
