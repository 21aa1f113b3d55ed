import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import type { Plan } from "../../backend/backend.ts";
import { decodeJson } from "../../codec/decode.ts";
import { fromRawCodec } from "../../codec/fromRaw.ts";
import { generationCodec } from "../../codec/generation.ts";
import { natural } from "../../codec/number.ts";
import { programCodec } from "../../codec/program/program.ts";
import { dtypeCodec } from "../../codec/tensor.ts";
import { transcriptionCodec } from "../../codec/transcription.ts";
import type { Dataset, Row } from "../../data/dataset.ts";
import { preparedType } from "../../data/raw/preparedType.ts";
import { columnTypes } from "../../data/source/read.ts";
import {
  DecodeError,
  DtypeMismatch,
  InvalidPipeline,
  MemoryLimit,
  ShapeMismatch,
  UnknownColumn,
} from "../../errors.ts";
import type { Program, TensorType } from "../../ir/expr.ts";
import { flattenTensors } from "../../ir/trees.ts";
import type { Limit } from "../../learn/learner.ts";
import { type ColumnTypes, predictionProgram } from "../../learn/program.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { leafPaths } from "../../tree.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { checkTokens, trainedMismatch } from "../pipeline/validate.ts";
import { initialState } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { areBoxes, unspoken } from "./answers.ts";
import { misfit, withParams } from "./generating.ts";
import { generatorCodec, generatorIssue, type NamedGenerator } from "./generatorCodec.ts";
import {
  fewest,
  generatorOf,
  type Predictable,
  type PredictorOptions,
  predictOf,
} from "./predictor.ts";
import type { Meaning } from "./rows.ts";
import { unmarked } from "./spans.ts";
import { unheard } from "./transcribing.ts";

/**
 * A trained model by itself: what it computes for one row, its params, and what its numbers stand for. It needs neither
 * the pipeline nor the code of its layers, and has nothing of the training, such as an optimizer.
 */
export interface Model extends Meaning {
  readonly _tag: "Model";
  /** The name of its pipeline. */
  readonly name: string;
  /** The output for one row. Its inputs are the params, then the columns, in order. */
  readonly program: Program;
  readonly params: { readonly [path: string]: Tensor };
  /** The columns that it reads. */
  readonly columns: { readonly [column: string]: TensorType };
  readonly limits: readonly Limit[];
  /** The model token by token, where it generates sequences and has a `generation`. */
  readonly generator: NamedGenerator | undefined;
}

/** The params that the program takes: the first ones. Others are of the generator. */
const takenBy = ({ program, columns, params }: Model): readonly string[] =>
  Object.keys(params).slice(0, program.inputs.length - Object.keys(columns).length);

/**
 * Takes a trained model out of a pipeline and a state. The pipeline's data is loaded, for the types of its columns and
 * for what was fitted on it.
 *
 * **Fails with** `InvalidPipeline` where the learner predicts nothing, or generates nothing where the source has a
 * `generation`, or gives another output than the source's `transcription`, `speech` or `span` reads; `StateMismatch`; `CompileError`, and the
 * errors of the data.
 */
export const modelOf = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
) {
  const predict = yield* predictOf(of);
  const source = yield* of.source;
  const { train, inputs = {}, classes, boxes, span, generation, transcription, speech } = source;
  const mismatch = trainedMismatch(of, state.carried, initialState(of).carried);
  if (mismatch !== undefined) return yield* mismatch;
  const spec: ColumnTypes = { ...(yield* columnTypes(train, state.key)), ...of.learner.sees };
  const { leaves, shape } = flattenTensors<unknown>(state.carried);
  const paths = leafPaths(shape).map((path) => path.join("."));
  const one = yield* predictionProgram(predict, state.carried, state, spec);
  const reads = new Set(one.columns);
  const places =
    generation === undefined ? undefined : yield* generatorOf(of.learner, state.carried);
  const wrong =
    generation === undefined
      ? undefined
      : places === undefined
        ? { expected: "none, since its learner generates no sequences", actual: "there" }
        : misfit(generation, places);
  if (wrong !== undefined)
    return yield* new InvalidPipeline({
      ...{ pipeline: of.name, field: "generation", value: wrong.actual },
      expected: wrong.expected,
    });
  const misheard = transcription && unheard(transcription, one.program.outputs[0]?.shape ?? []);
  if (misheard !== undefined)
    return yield* new InvalidPipeline({
      ...{ pipeline: of.name, field: "transcription", value: misheard.actual },
      expected: misheard.expected,
    });
  const astray = span && unmarked(span, inputs, one.program.outputs[0]?.shape ?? []);
  if (astray !== undefined)
    return yield* new InvalidPipeline({
      ...{ pipeline: of.name, field: "span", value: astray.actual },
      expected: astray.expected,
    });
  const mute = speech && unspoken(speech, one.program.outputs[0]?.shape ?? []);
  if (mute !== undefined)
    return yield* new InvalidPipeline({
      ...{ pipeline: of.name, field: "speech", value: mute.actual },
      expected: mute.expected,
    });
  const took = [
    ...new Set([one.takes, places?.begin.params ?? [], places?.step.params ?? []].flat()),
  ];
  return {
    _tag: "Model",
    name: of.name,
    program: one.program,
    params: Object.fromEntries(took.map((i) => [paths[i] as string, leaves[i] as Tensor])),
    columns: Object.fromEntries(one.columns.map((name) => [name, spec[name] as TensorType])),
    limits: of.learner.limits.filter(({ column }) => reads.has(column)),
    inputs: Object.fromEntries(Object.entries(inputs).filter(([column]) => reads.has(column))),
    ...{ classes, boxes, span, generation, transcription, speech },
    acts: of.learner.acts,
    plays: of.learner.plays,
    generator: places && withParams(places, (i) => paths[i] as string),
  } satisfies Model;
});

const sameType = (a: TensorType | undefined, b: TensorType | undefined): boolean =>
  a !== undefined && b !== undefined && a.dtype === b.dtype && sameShape(a.shape, b.shape);

const typeText = (type: TensorType | undefined): string =>
  type === undefined ? "nothing" : `${type.dtype} ${showShape(type.shape)}`;

/** Checks that rows have the columns of a model, and that these have its types. */
const checkRows = ({ name, columns, limits }: Model, rows: Dataset<Row>) =>
  Effect.gen(function* () {
    const given: { readonly [column: string]: TensorType | undefined } = rows.columns;
    for (const [column, { shape, dtype }] of Object.entries(columns)) {
      const own = Object.hasOwn(given, column) ? given[column] : undefined;
      if (own === undefined)
        return yield* new UnknownColumn({ column, columns: Object.keys(given), asked: true });
      const op = `${name}: the column "${column}"`;
      if (!sameShape(own.shape, shape))
        return yield* new ShapeMismatch({
          op,
          expected: showShape(shape),
          actual: [own.shape],
          path: [],
        });
      if (own.dtype !== dtype)
        return yield* new DtypeMismatch({ op, expected: dtype, actual: [own.dtype], path: [] });
    }
    yield* checkTokens(limits, rows);
  });

/** Refuses a plan that takes more memory than a stranger's model may. */
const withinBytes = (maxBytes: number) => (plan: Plan) => {
  const { planned: needed, constants, temporaries } = plan.bytes;
  return needed <= maxBytes
    ? Effect.void
    : Effect.fail(
        new MemoryLimit({
          of: "program",
          needed,
          limit: maxBytes,
          largest: [],
          parts: { state: 0, constants, inputs: 0, outputs: plan.bytes.arguments, temporaries },
        }),
      );
};

/** The options of a model from a file. */
interface ModelLimits extends PredictorOptions {
  readonly maxBytes?: number;
}

/** A model as what can predict. */
export const predictableModel = (
  model: Model,
  { batchSize = fewest, maxBytes = 2 ** 31, generation }: ModelLimits,
): Predictable<never> => ({
  name: model.name,
  programFor: () =>
    Effect.succeed({
      program: model.program,
      params: takenBy(model).map((name) => model.params[name] as Tensor),
      columns: Object.keys(model.columns),
    }),
  columns: model.columns,
  check: (rows) => checkRows(model, rows),
  meaning: Effect.succeed(model),
  generator: Effect.succeed(
    model.generator && withParams(model.generator, (name) => model.params[name] as Tensor),
  ),
  generation,
  batchSize,
  deterministic: false,
  admit: withinBytes(maxBytes),
});

const typeCodec = t.tuple([dtypeCodec, t.readonlyArray(natural)]);
const limitCodec: t.Type<Limit, unknown> = t.strict({
  column: t.string,
  of: t.keyof({ classes: null, tokens: null }),
  count: natural,
});

/** The version of the format. Others are refused. */
const version = 1;

const written = t.intersection([
  t.strict({
    version: t.literal(version),
    name: t.string,
    program: programCodec,
    /** The names of the tensors, in the order in which the program takes them. */
    params: t.readonlyArray(t.string),
    columns: t.readonlyArray(t.tuple([t.string, typeCodec])),
    limits: t.readonlyArray(limitCodec),
    inputs: t.readonlyArray(t.tuple([t.string, fromRawCodec])),
  }),
  t.partial({
    classes: t.readonlyArray(t.string),
    boxes: t.strict({ least: t.number }),
    span: t.strict({ column: t.string }),
    generation: generationCodec,
    generator: generatorCodec,
    transcription: transcriptionCodec,
    speech: fromRawCodec,
    acts: t.keyof({ discrete: null, continuous: null }),
    plays: t.intersection([
      t.type({ name: t.string, positions: t.string }),
      t.partial({ rules: t.readonlyArray(t.string) }),
    ]),
  }),
]);

/** Everything of a model but its params, as JSON. */
export const encodeModel = (model: Model): string => {
  const { name, program, columns, limits, inputs, classes, boxes, generation, generator, acts } =
    model;
  const { transcription, span, speech, plays } = model;
  return JSON.stringify(
    written.encode({
      ...{ version, name, program, limits },
      params: takenBy(model),
      columns: Object.entries(columns).map(([column, { dtype, shape }]) => [
        column,
        [dtype, shape],
      ]),
      inputs: Object.entries(inputs).flatMap(([column, from]) =>
        from === undefined ? [] : [[column, from] as [string, typeof from]],
      ),
      ...(classes === undefined ? {} : { classes }),
      ...(boxes === undefined ? {} : { boxes }),
      ...(span === undefined ? {} : { span }),
      ...(generation === undefined ? {} : { generation }),
      ...(generator === undefined ? {} : { generator }),
      ...(transcription === undefined ? {} : { transcription }),
      ...(speech === undefined ? {} : { speech }),
      ...(acts === undefined ? {} : { acts }),
      ...(plays === undefined ? {} : { plays }),
    }),
  );
};

/**
 * A model from its JSON and its params, whose parts must fit one another.
 *
 * **Fails with** `DecodeError`.
 */
export const decodeModel = (
  json: string,
  tensors: { readonly [path: string]: Tensor },
  where: string,
): Effect.Effect<Model, DecodeError> =>
  Effect.gen(function* () {
    const {
      version: _,
      params: names,
      columns,
      inputs,
      classes,
      boxes,
      span,
      generation,
      generator,
      transcription,
      speech,
      acts,
      plays,
      ...rest
    } = yield* decodeJson(written, json, where);
    const refuse = (path: readonly string[], expected: string, actual: string) =>
      new DecodeError({ where, issues: [{ path, expected, actual }] });
    const params = names.map((name) => (Object.hasOwn(tensors, name) ? tensors[name] : undefined));
    const [missing, twice] = [
      names.find((_name, i) => params[i] === undefined),
      [...names, ...columns.map(([column]) => column)].find(
        (name, i, all) => all.indexOf(name) !== i,
      ),
    ];
    if (missing !== undefined) return yield* refuse(["params"], `a tensor "${missing}"`, "none");
    if (twice !== undefined) return yield* refuse(["params"], "each name once", `"${twice}" twice`);
    const all = [...new Set([names, generator?.begin.params, generator?.step.params].flat())];
    const extra = Object.keys(tensors).find((name) => !all.includes(name));
    if (extra !== undefined) return yield* refuse(["params"], "no other tensor", `"${extra}"`);
    const types = columns.map(([column, [dtype, shape]]) => [column, { dtype, shape }] as const);
    const wanted = rest.program.inputs;
    const given: readonly (TensorType | undefined)[] = [
      ...params,
      ...types.map(([, type]) => type),
    ];
    const at = Array.from({ length: Math.max(wanted.length, given.length) }, (_, i) => i).find(
      (i) => !sameType(wanted[i], given[i]),
    );
    if (at !== undefined)
      return yield* refuse(
        ["program", "inputs", String(at)],
        typeText(given[at]),
        typeText(wanted[at]),
      );
    const [output, ...others] = rest.program.outputs;
    if (output === undefined || others.length > 0)
      return yield* refuse(
        ["program", "outputs"],
        "one output",
        String(rest.program.outputs.length),
      );
    const size = sizeOf(output.shape);
    if (boxes !== undefined && !areBoxes(output.shape))
      return yield* refuse(["boxes"], "an output of boxes, [n, 6]", showShape(output.shape));
    const isOfClasses =
      boxes !== undefined || size === classes?.length || (size === 1 && classes?.length === 2);
    if (classes !== undefined && !isOfClasses)
      return yield* refuse(
        ["classes"],
        `names for the output ${showShape(output.shape)}`,
        `${classes.length}`,
      );
    const misheard = transcription && unheard(transcription, output.shape);
    if (misheard !== undefined)
      return yield* refuse(["transcription"], misheard.expected, misheard.actual);
    const astray = span && unmarked(span, Object.fromEntries(inputs), output.shape);
    if (astray !== undefined) return yield* refuse(["span"], astray.expected, astray.actual);
    if (speech !== undefined && speech.kind !== "sound")
      return yield* refuse(["speech"], "sound", speech.kind);
    const mute = speech && unspoken(speech, output.shape);
    if (mute !== undefined) return yield* refuse(["speech"], mute.expected, mute.actual);
    const known = Object.fromEntries(types);
    for (const [column, from] of inputs)
      if (!sameType(Object.hasOwn(known, column) ? known[column] : undefined, preparedType(from)))
        return yield* refuse(
          ["inputs", column],
          typeText(known[column]),
          typeText(preparedType(from)),
        );
    if ((generator === undefined) !== (generation === undefined))
      return yield* refuse(["generation"], "both a generation and a generator, or none", "one");
    if (generator !== undefined && generation !== undefined) {
      const issue = generatorIssue(generator, tensors);
      if (issue !== undefined) return yield* new DecodeError({ where, issues: [issue] });
      const wrong = misfit(generation, generator);
      if (wrong !== undefined) return yield* refuse(["generation"], wrong.expected, wrong.actual);
    }
    return {
      ...rest,
      ...{ boxes, span, generation, generator, transcription, speech, acts, plays },
      _tag: "Model",
      params: Object.fromEntries(
        all.flatMap((name) => (name === undefined ? [] : [[name, tensors[name] as Tensor]])),
      ),
      columns: known,
      inputs: Object.fromEntries(inputs),
      classes,
    };
  });
