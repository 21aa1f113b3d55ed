import * as fc from "fast-check";
import { vmap } from "../../src/autodiff/index.ts";
import { evaluate } from "../../src/interpreter/evaluate.ts";
import { type Interpreter, interpret } from "../../src/interpreter/interpreter.ts";
import type { AnyNode, Expr, PrimitiveTag, Program } from "../../src/ir/expr.ts";
import { type KeyExpr, randomBits } from "../../src/ir/ops/random.ts";
import { innerPrograms } from "../../src/ir/program.ts";
import type { Composable, Context } from "../../src/nn/layer.ts";
import { evaluateRules } from "../../src/rules/evaluate/index.ts";
import type { EvaluateRule } from "../../src/rules/rule.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { samplesOf, tensors, unkinked } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { opened } from "../subjects.ts";
import { programOf } from "../symbolic.ts";

/** A layer that draws, with the shape of the examples that it takes. */
export interface DrawingLayer {
  readonly name: string;
  readonly layer: Composable;
  readonly shape: Shape;
  readonly elements?: fc.Arbitrary<number>;
}

/** A draw: its key, and the node that asked for it. */
interface Draw {
  readonly key: string;
  readonly where: string;
}

/** Primitives that pass bits on, or combine two keys into one. */
const carrying = new Set<PrimitiveTag>([
  ...(["reshape", "slice", "transpose", "broadcast", "concatenate", "reverse", "gather"] as const),
  "xor",
]);
/** Primitives that take keys. */
const taking = new Set<PrimitiveTag>(["randomBits", "scan", "while", "call", "cond"]);

/** The nodes of a program, and of its inner programs, whose bits become numbers instead of keys. */
const drawingIn = (program: Program): readonly AnyNode[] => {
  const keys = new Set<AnyNode>(program.outputs.map((x) => x.node));
  for (const node of [...program.nodes].reverse())
    if (taking.has(node.primitive) || (keys.has(node) && carrying.has(node.primitive)))
      for (const x of node.inputs) keys.add(x.node);
  return program.nodes.flatMap((node) =>
    node.primitive === "randomBits"
      ? keys.has(node)
        ? []
        : [node]
      : innerPrograms(node).flatMap(drawingIn),
  );
};

const drawsOf = (node: AnyNode, [operand]: readonly Tensor[]): readonly Draw[] => {
  if (node.primitive !== "randomBits") return [];
  const { shape } = node.params;
  const where = `${node.path.join(".") || "the layer"}, [${shape}],`;
  const words = Array.from((operand as Tensor).toTypedArray());
  return sizeOf(shape) === 0
    ? []
    : Array.from({ length: words.length / 2 }, (_, i) => ({
        key: String(words.slice(2 * i, 2 * i + 2)),
        where,
      }));
};

/** All draws of a program, including those in loops and calls. */
export const tracedDraws = (program: Program, inputs: readonly Tensor[]): readonly Draw[] => {
  const draws: Draw[] = [];
  const drawing = new Set(drawingIn(program));
  const over: Interpreter<Tensor> = {
    ...evaluate,
    apply: (node, operands) => {
      if (drawing.has(node)) for (const draw of drawsOf(node, operands)) draws.push(draw);
      // The rule of a primitive takes that primitive's params.
      const rule = evaluateRules[node.primitive] as EvaluateRule<never>;
      return rule(node.params as never, operands as never, within);
    },
  };
  const within = (p: Program, operands: readonly Tensor[]) => interpret(p, over, operands);
  within(program, inputs);
  return draws;
};

const examples = 2;

/** Applies a layer to a batch with one key, from which each example gets its own. */
const stepOf = ({ layer, shape, elements = unkinked }: DrawingLayer, mode: Context["mode"]) => {
  const { params, state, apply } = opened(layer);
  const operands = [
    tensors([examples, ...shape], elements),
    tensors([2], fc.integer(), "i32"),
    ...params,
    ...state,
  ];
  const program = programOf(
    operands.map(({ type }) => type),
    ([xs, key, ...rest]) => {
      const [ps, ss] = [rest.slice(0, params.length), rest.slice(params.length)];
      const one = (x: Expr, own: Expr) => {
        const context = { mode, key: own as KeyExpr, axis: "batch" } satisfies Context;
        return apply(ps, ss, x, context).y;
      };
      const keys = randomBits(key as KeyExpr, [examples, 2]);
      return [vmap(one, { axis: "batch" })(xs as Expr, keys)];
    },
  );
  return { program, given: samplesOf(operands) };
};

/** The draws of one step of a layer, on samples from a seed. */
export const drawsOfStep = (subject: DrawingLayer, seed: number): readonly Draw[] => {
  const { program, given } = stepOf(subject, "train");
  return tracedDraws(program, fc.sample(given, { numRuns: 1, seed })[0] ?? []);
};

/** No two draws of a training step use the same key. */
export const distinctDraws: Law<DrawingLayer> = law(
  "keys of draws",
  "no two draws of a step use the same key",
  (subject: DrawingLayer) => {
    const { program, given } = stepOf(subject, "train");
    return {
      given,
      breach: (inputs: readonly Tensor[]) => {
        const seen = new Map<string, string>();
        for (const { key, where } of tracedDraws(program, inputs)) {
          const before = seen.get(key);
          if (before !== undefined) return `${where} draws what ${before} has drawn`;
          seen.set(key, where);
        }
        return undefined;
      },
    };
  },
);

/** A layer, and its documented number of draws per example in a step. */
export interface CountedLayer extends DrawingLayer {
  readonly draws: number;
}

/** A layer draws the documented number of times in training, and never in evaluation. */
export const countedDraws: Law<CountedLayer> = law(
  "number of draws",
  "a training step draws as often as documented, an evaluation never",
  (subject: CountedLayer) => {
    const { program, given } = stepOf(subject, "train");
    const evaluation = stepOf(subject, "eval").program;
    return {
      given,
      breach: (inputs: readonly Tensor[]) => {
        const [trained, evaluated] = [program, evaluation].map(
          (step) => tracedDraws(step, inputs).length / examples,
        );
        if (evaluated !== 0) return `an evaluation draws ${evaluated} times`;
        return trained === subject.draws
          ? undefined
          : `training draws ${trained} times for an example, not ${subject.draws}`;
      },
    };
  },
);

const many = 600;

/** Dropout keeps the expectation: the mean training output over many keys is the evaluation output. */
export const meanOverKeys: Law<DrawingLayer> = law(
  "the mean over keys",
  "mean over keys of train(x) = eval(x), within five deviations; and not all keys give the same",
  ({ layer, shape }: DrawingLayer) => {
    const { params, state, apply } = opened(layer);
    const operands = [
      tensors(shape, unkinked),
      tensors([many, 2], fc.integer(), "i32"),
      ...params,
      ...state,
    ];
    const program = programOf(
      operands.map(({ type }) => type),
      ([x, keys, ...rest]) => {
        const [ps, ss] = [rest.slice(0, params.length), rest.slice(params.length)];
        const of = (mode: Context["mode"], key: Expr) =>
          apply(ps, ss, x as Expr, { mode, key: key as KeyExpr, axis: "batch" }).y;
        const each = vmap((key: Expr) => [of("train", key), of("eval", key)] as const);
        return [...each(keys as Expr)];
      },
    );
    return {
      given: samplesOf(operands),
      breach: (inputs: readonly Tensor[]) => {
        const [trained, still] = interpret(program, evaluate, inputs).map((y) =>
          Array.from(y.toTypedArray()),
        ) as [number[], number[]];
        const size = trained.length / many;
        let varied = false;
        for (let i = 0; i < size; i++) {
          const xs = Array.from({ length: many }, (_, k) => trained[k * size + i] as number);
          const mean = xs.reduce((a, b) => a + b, 0) / many;
          const variance = xs.reduce((a, b) => a + (b - mean) ** 2, 0) / many;
          varied ||= variance > 0;
          const wanted = still[i] as number;
          if (Math.abs(mean - wanted) > 5 * Math.sqrt(variance / many) + 1e-9)
            return `the mean of output ${i} is ${mean}, not ${wanted}`;
        }
        return varied || size === 0 ? undefined : "every key gives the same";
      },
    };
  },
);
