import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import { apply, parameter } from "../../ir/build.ts";
import type {
  AnyNode,
  CallRules,
  Expr,
  Params,
  PrimitiveTag,
  Program,
  TensorType,
} from "../../ir/expr.ts";
import { program as programOf } from "../../ir/program.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { natural } from "../number.ts";
import { dtypeCodec, tensorCodec } from "../tensor.ts";
import { axes, type Holding, type Written, written } from "./params.ts";
import { encodeProgram, type ProgramJson } from "./write.ts";

/** The maximum number of nodes. Those of inner programs count each time that they are used. */
const mostNodes = 100_000;

/** The maximum number of entries of a list: constants, programs, inputs, operands. */
const mostListed = 100_000;

/**
 * The maximum work of one run: the elements that all nodes make, each round of a loop and each factor of a product
 * counted. A larger program would not end in reasonable time.
 */
const mostWork = 2 ** 42;

type Path = readonly (string | number)[];

/** A reason to refuse a program: what was expected, and what is there instead. */
class Refused extends Error {
  readonly path: Path;
  readonly value: unknown;
  constructor(path: Path, expected: string, value: unknown) {
    super(expected);
    this.path = path;
    this.value = value;
  }
}

/** Decodes a part. The first mistake is enough: a stranger's text may have millions. */
const read = <A>(codec: t.Decoder<unknown, A>, value: unknown, path: Path): A => {
  const made = codec.decode(value);
  if (E.isRight(made)) return made.right;
  const [first] = made.left;
  const keys = (first?.context ?? []).map(({ key }) => key).filter((key) => key !== "");
  const expected = first?.message ?? first?.context.at(-1)?.type.name ?? codec.name;
  throw new Refused([...path, ...keys], expected, first?.value);
};

const list = (value: unknown, path: Path, most = mostListed): readonly unknown[] => {
  if (Array.isArray(value) && value.length <= most) return value;
  const found = Array.isArray(value) ? `one of ${value.length}` : value;
  throw new Refused(path, `a list of at most ${most}`, found);
};

/** The entry of a list at a place that the text names. */
const entry = <A>(from: readonly A[], place: unknown, what: string, path: Path): A => {
  const found = natural.is(place) ? from[place] : undefined;
  if (found === undefined) throw new Refused(path, `the number of ${what} before it`, place);
  return found;
};

/** A program, with the number of its nodes and its work. */
interface Made {
  readonly program: Program;
  readonly nodes: number;
  readonly work: number;
}

const typeOf = (json: unknown, path: Path): TensorType => {
  const [dtype, ...shape] = list(json, path);
  return { dtype: read(dtypeCodec, dtype, path), shape: read(axes, shape, path) };
};

const holding = {
  constant: t.type({ constant: natural }),
  scan: t.type({
    body: natural,
    length: natural,
    constants: natural,
    carry: natural,
    reverse: t.boolean,
  }),
  // A stranger's loop must end.
  while: t.type({ body: natural, constants: natural, bound: natural }),
  cond: t.type({ onTrue: natural, onFalse: natural }),
  call: t.type({
    name: t.string,
    program: natural,
    kind: t.keyof({ checkpoint: null, custom: null }),
  }),
} as const;

/** What a node holds: its parameters, and the programs inside it with the number of times that each runs. */
interface Held {
  readonly params: Params<PrimitiveTag>;
  readonly operands?: number | undefined;
  readonly inner?: readonly (readonly [made: Made, times: number])[];
}

const isTag = (tag: unknown): tag is Exclude<PrimitiveTag, "parameter"> =>
  typeof tag === "string" &&
  tag !== "parameter" &&
  (Object.hasOwn(written, tag) || Object.hasOwn(holding, tag));

/** Reads the parameters of a node. */
const heldBy = (
  tag: Exclude<PrimitiveTag, "parameter">,
  json: unknown,
  constants: readonly Tensor[],
  programs: readonly Made[],
  path: Path,
): Held => {
  const inner = (place: number): Made => entry(programs, place, "a program", path);
  switch (tag) {
    case "constant": {
      const { constant: place } = read(holding.constant, json, path);
      return { params: { value: entry(constants, place, "a constant", path) }, operands: 0 };
    }
    case "scan": {
      const { body, ...rest } = read(holding.scan, json, path);
      const made = inner(body);
      return { params: { body: made.program, ...rest }, inner: [[made, rest.length]] };
    }
    case "while": {
      const { body, ...rest } = read(holding.while, json, path);
      const made = inner(body);
      return { params: { body: made.program, ...rest }, inner: [[made, rest.bound]] };
    }
    case "cond": {
      const of = read(holding.cond, json, path);
      const [onTrue, onFalse] = [inner(of.onTrue), inner(of.onFalse)];
      const params = { onTrue: onTrue.program, onFalse: onFalse.program };
      return {
        params,
        inner: [
          [onTrue, 1],
          [onFalse, 1],
        ],
      };
    }
    case "call": {
      const { name, program, kind } = read(holding.call, json, path);
      const made = inner(program);
      const rules: CallRules = { kind };
      return { params: { name, program: made.program, rules }, inner: [[made, 1]] };
    }
    default: {
      const { operands, params } = written[tag] as Written<Exclude<PrimitiveTag, Holding>>;
      return { params: read(params, json, path), operands };
    }
  }
};

/** The elements that a node makes, each factor of a product counted. */
const workOf = (node: AnyNode): number => {
  const made = node.outputs.reduce((n, { shape }) => n + sizeOf(shape), 0);
  if (node.primitive !== "dot") return made + 1;
  const [x] = node.inputs;
  const [contracted] = node.params.contract;
  return made * contracted.reduce((n, axis) => n * (x.shape[axis] ?? 1), 1) + 1;
};

/** Decodes one of the programs. */
const oneOf = (
  json: unknown,
  constants: readonly Tensor[],
  programs: readonly Made[],
  path: Path,
): Made => {
  const { inputs, nodes, outputs } = read(fields, json, path);
  const parameters = list(inputs, [...path, "inputs"]).map((type, i) =>
    parameter(typeOf(type, [...path, "inputs", i])),
  );
  const values: Expr[] = [...parameters];
  const valueAt = (place: unknown, at: Path): Expr => entry(values, place, "a value", at);
  let [count, work] = [0, 0];
  for (const [i, written] of list(nodes, [...path, "nodes"]).entries()) {
    const at = [...path, "nodes", i];
    const [tag, places, params = {}] = list(written, at, 3);
    if (!isTag(tag)) throw new Refused(at, "a primitive", tag);
    const operands = list(places, at).map((place) => valueAt(place, at));
    const held = heldBy(tag, params, constants, programs, at);
    const wanted = held.operands;
    if (wanted === undefined ? operands.length === 0 : operands.length !== wanted)
      throw new Refused(at, `${wanted ?? "some"} operands of ${tag}`, operands.length);
    const made = apply(tag, held.params as Params<typeof tag>, operands);
    const node = made[0]?.node;
    // A call may have no outputs, and nothing can then read it.
    if (node === undefined) continue;
    if (node.issue !== undefined) throw new Refused(at, "operands that fit", node.issue.message);
    const own = workOf(node);
    count += 1 + (held.inner ?? []).reduce((n, [{ nodes }]) => n + nodes, 0);
    work += own + (held.inner ?? []).reduce((n, [inner, times]) => n + inner.work * times, 0);
    if (count > mostNodes) throw new Refused(at, `at most ${mostNodes} nodes`, count);
    if (!(work <= mostWork)) throw new Refused(at, `at most ${mostWork} elements to compute`, work);
    for (const value of made) values.push(value);
  }
  const results = list(outputs, [...path, "outputs"]).map((place, i) =>
    valueAt(place, [...path, "outputs", i]),
  );
  return { program: programOf(parameters, results), nodes: count, work };
};

const fields = t.type({ inputs: t.unknown, nodes: t.unknown, outputs: t.unknown });
const whole = t.type({ constants: t.unknown, programs: t.unknown });

const decode = (input: unknown): Program => {
  const { constants, programs } = read(whole, input, []);
  const tensors = list(constants, ["constants"]).map((each, i) =>
    read(tensorCodec, each, ["constants", i]),
  );
  const made: Made[] = [];
  for (const [i, each] of list(programs, ["programs"]).entries())
    made.push(oneOf(each, tensors, made, ["programs", i]));
  const last = made.at(-1);
  if (last === undefined) throw new Refused(["programs"], "at least one program", "none");
  return last.program;
};

/**
 * A codec of programs as JSON, small and with nothing but data: primitives, operands, parameters, constants.
 *
 * What is decoded is checked as a program that was just written: every node goes through the type rule of its primitive.
 * It comes from a stranger, so its nodes and its work are bounded. Neither the paths of layers nor the derivative rules
 * of calls are kept: a decoded program computes the same, and is for running.
 *
 * **Fails with** `CompileError`, thrown by `encode`, where a program cannot be compiled.
 * **Laws** `laws.program`: a decoded program has the hash of the one that was encoded, and is encoded alike.
 */
export const programCodec: t.Type<Program, ProgramJson> = new t.Type(
  "a program",
  (value): value is Program =>
    typeof value === "object" && value !== null && "nodes" in value && "inputs" in value,
  (input, context) => {
    try {
      return t.success(decode(input));
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      const at = cause.path.reduce<t.Context>(
        (within, key) => t.appendContext(within, String(key), t.unknown),
        context,
      );
      return t.failure(cause.value, at, cause.message);
    }
  },
  encodeProgram,
);
