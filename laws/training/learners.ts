import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as fc from "fast-check";
import { isRight } from "fp-ts/lib/Either.js";
import { ReverseMode } from "../../src/autodiff/index.ts";
import { SyncBackend } from "../../src/backend/backend.ts";
import { Backend } from "../../src/backend/index.ts";
import { add, div } from "../../src/ir/ops/elementwise.ts";
import { concatenate, index, sliceAxis } from "../../src/ir/ops/structural.ts";
import { flattenTensors, treeOf } from "../../src/ir/trees.ts";
import type { Learner } from "../../src/learn/index.ts";
import type { Trained } from "../../src/learn/learner.ts";
import { evaluationProgram, type Kept, stepProgram, typesOf } from "../../src/learn/program.ts";
import { inShards, type OverShards, oneShard, sumOver } from "../../src/learn/shards.ts";
import { bothLeaves, eachLeaf } from "../../src/learn/trees.ts";
import { sgd } from "../../src/optim/optimizers/sgd.ts";
import { chain, transformation } from "../../src/optim/transformation.ts";
import { scalar } from "../../src/tensor/constructors.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { foldIn, type Key, key as keyOf } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { paths, type Tree, zip } from "../../src/tree.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { nearby, sameBits } from "../values/compare.ts";

/** A learner with batches for it to learn from. */
export interface LearnerSubject {
  readonly name: string;
  // Any learner is one whose rows nobody has looked at.
  readonly learner: Learner<never, unknown>;
  /** The rows of a batch: columns of `examples` rows. */
  readonly batch: (key: Key, examples: number) => { readonly [column: string]: Tensor };
  /** Whether the loss of a batch is the mean of the losses of its rows, and nothing looks across them. */
  readonly separable: boolean;
  /**
   * Which params do not descend, but follow others or are averages of the learner's own: they are evaluated as they are,
   * for an optimizer has no average of them. Defaults to none.
   */
  readonly follows?: (path: string) => boolean;
}

/** The state after some steps, and the report of each step. */
interface Taken {
  readonly kept: Kept;
  readonly reports: readonly Tensor[];
}

const services = Layer.merge(Backend.layerWasmWith({ threads: 1 }), ReverseMode.layerTape);

/** Takes one step on each batch, and returns what is then kept. Every call builds and compiles the step anew. */
export const steps = (
  { learner, batch }: LearnerSubject,
  kept: Kept,
  keys: readonly Key[],
  examples: number,
  overShards: OverShards = oneShard,
): Taken => {
  const rows = keys.map((key) => batch(key, examples));
  const spec = Object.fromEntries(
    Object.entries(rows[0] ?? {}).map(([column, { shape, dtype }]) => [
      column,
      { shape: shape.slice(1), dtype },
    ]),
  );
  const made = Effect.gen(function* () {
    const step = yield* stepProgram(learner, overShards, kept, typesOf(spec, examples));
    const backend = yield* SyncBackend;
    const executable = yield* backend.compile(step.program, { carried: step.carried });
    const { leaves, shape } = flattenTensors(kept);
    const session = executable.start(leaves);
    const reports = rows.flatMap((columns) => {
      const inputs = step.columns.map((column) => columns[column] as Tensor);
      const epoch = step.takesEpoch ? [scalar(0, "i32")] : [];
      return session.step([...inputs, ...epoch]);
    });
    return { kept: treeOf(shape, session.finish()), reports };
  });
  return Effect.runSync(Effect.scoped(Effect.provide(made, services)));
};

export const begun = ({ learner }: LearnerSubject, seed: number): Kept => ({
  carried: learner.init(keyOf(seed)),
  key: foldIn(keyOf(seed), 1),
  step: scalar(0, "i32"),
});

const batches = (seed: number, count: number, from = 0): readonly Key[] =>
  Array.from({ length: count }, (_, i) => foldIn(keyOf(seed + 7), from + i));

/** How two results differ in their bits. */
const differs = (a: Taken, b: Taken): string | undefined => {
  const [x, y] = [flattenTensors(a.kept).leaves, flattenTensors(b.kept).leaves];
  const names = paths(a.kept).map((path) => path.join("."));
  for (const [i, leaf] of x.entries()) {
    const other = y[i];
    const difference = other && sameBits(names[i] ?? "", [leaf], [other]);
    if (difference !== undefined) return difference;
  }
  return sameBits("report", a.reports, b.reports);
};

const seeds = fc.nat(1000);
const few = 8;

/** A step depends on nothing but what is carried, the batch, the key and the step count. */
export const stepwiseResumption: Law<LearnerSubject> = law(
  "stepwise resumption",
  "step (a ++ b) = step b after step a, compiled anew, bit for bit",
  (subject) => ({
    given: record({
      seed: seeds,
      a: fc.integer({ min: 1, max: 2 }),
      b: fc.integer({ min: 1, max: 2 }),
    }),
    breach: ({ seed, a, b }: { seed: number; a: number; b: number }) => {
      const start = begun(subject, seed);
      const whole = steps(subject, start, batches(seed, a + b), few);
      const part = steps(subject, start, batches(seed, a), few);
      const rest = steps(subject, part.kept, batches(seed, b, a), few);
      return differs({ ...rest, reports: [...part.reports, ...rest.reports] }, whole);
    },
  }),
);

/** The same key gives the same first tree, and the same steps the same bits. */
export const sameSteps: Law<LearnerSubject> = law(
  "same steps",
  "init and step with one key give the same bits each time",
  (subject) => ({
    given: seeds,
    breach: (seed: number) => {
      const once = () => steps(subject, begun(subject, seed), batches(seed, 2), few);
      return differs(once(), once());
    },
  }),
);

/** A learning rate of zero leaves the params of the model as they are. Learners without a rate obey trivially. */
export const stillness: Law<LearnerSubject> = law(
  "stillness",
  "with a learning rate of 0 a step leaves the params unchanged",
  (subject) => {
    const still = subject.learner.adjust({ learningRate: 0 });
    return {
      given: seeds,
      breach: (seed: number) => {
        if (!isRight(still)) return undefined;
        const own = { ...subject, learner: still.right };
        const start = begun(own, seed);
        const { kept } = steps(own, start, batches(seed, 2), few);
        const params = (tree: Kept) => flattenTensors(own.learner.trained.get(tree.carried).params);
        const [before, after] = [params(start), params(kept)];
        return sameBits("params", before.leaves, after.leaves);
      },
    };
  },
);

/** Shards on several workers: each computes its own, and their sums are added in pairs of neighbors. */
const onWorkers =
  (workers: number, shards: number): OverShards =>
  (batch, share) => {
    const part = (i: number) =>
      eachLeaf((x) => {
        const own = (x.shape[0] ?? workers) / workers;
        return sliceAxis(x, 0, i * own, (i + 1) * own);
      }, batch);
    const sums = Array.from({ length: workers }, (_, i) =>
      sumOver(shards / workers, part(i), share),
    );
    const total = (from: number, to: number): (typeof sums)[number] => {
      if (to - from === 1) return sums[from] as (typeof sums)[number];
      const middle = (from + to) / 2;
      const [a, b] = [total(from, middle), total(middle, to)];
      return {
        mean: bothLeaves((x, y) => add(x, y), a.mean, b.mean),
        each: zip((x, y) => concatenate([x, y]), a.each, b.each),
      };
    };
    const { mean, each } = total(0, workers);
    return {
      mean: eachLeaf((x) => (isFloat(x.dtype) ? div(x, shards) : x), mean),
      each: Array.from({ length: shards }, (_, i) => eachLeaf((x) => index(x, i), each)),
    };
  };

/** The same shards give the same bits, whoever computes them. */
export const sharding: Law<LearnerSubject> = law(
  "sharding",
  "a step over 8 shards has the same bits on 1, 2, 4 and 8 workers",
  (subject) => ({
    given: record({ seed: seeds, workers: fc.constantFrom(1, 2, 4, 8) }),
    breach: ({ seed, workers }: { seed: number; workers: number }) => {
      const taken = (overShards: OverShards) =>
        steps(subject, begun(subject, seed), batches(seed, 2), 2 * few, overShards);
      return differs(taken(onWorkers(workers, few)), taken(inShards(few)));
    },
  }),
);

/** Shards change nothing but the rounding of sums, where the rows of a batch are independent. */
export const shardsAreParts: Law<LearnerSubject> = law(
  "shards are parts",
  "a step over n shards is the step over the whole batch, up to rounding",
  (subject) => ({
    given: record({ seed: seeds, shards: fc.constantFrom(2, 3, 4, 6) }),
    breach: ({ seed, shards }: { seed: number; shards: number }) => {
      if (!subject.separable) return undefined;
      const taken = (overShards: OverShards) =>
        steps(subject, begun(subject, seed), batches(seed, 1), 12, overShards);
      const [parts, whole] = [taken(inShards(shards)), taken(oneShard)];
      const [x, y] = [parts.kept, whole.kept].map((kept) => flattenTensors(kept).leaves);
      return nearby(1e-3)("kept", x ?? [], y ?? []);
    },
  }),
);

/** The reports of evaluations on rows, of all that is kept by one program. Every call builds it anew. */
const evaluations = (
  learner: LearnerSubject["learner"],
  all: readonly [Kept, ...Kept[]],
  rows: { readonly [column: string]: Tensor },
): readonly Tensor[][] => {
  const spec = Object.fromEntries(
    Object.entries(rows).map(([column, { shape, dtype }]) => [column, { shape, dtype }]),
  );
  const made = Effect.gen(function* () {
    const { program, takes, columns, takesEpoch } = yield* evaluationProgram(learner, all[0], spec);
    const backend = yield* SyncBackend;
    const { run } = yield* backend.compile(program);
    const epoch = takesEpoch ? [scalar(0, "i32")] : [];
    return all.map((kept) => {
      const { leaves } = flattenTensors(kept);
      return [
        ...run([
          ...takes.map((i) => leaves[i] as Tensor),
          ...columns.map((column) => rows[column] as Tensor),
          ...epoch,
        ]),
      ];
    });
  });
  return Effect.runSync(Effect.scoped(Effect.provide(made, services)));
};

/** An evaluation is a function of what is carried and of the rows alone. */
export const repeatedEvaluation: Law<LearnerSubject> = law(
  "repeated evaluation",
  "evaluate depends on what is carried and on the rows alone",
  ({ learner, ...subject }) => ({
    given: seeds,
    breach: (seed: number) => {
      const rows = subject.batch(keyOf(seed), few);
      const kept = begun({ learner, ...subject }, seed);
      // Another key of the run changes nothing.
      const later = { ...kept, key: foldIn(kept.key, 9) };
      const [first, second] = [kept, later].flatMap((each) => evaluations(learner, [each], rows));
      return sameBits("evaluation", first ?? [], second ?? []);
    },
  }),
);

/** An optimizer with an average that never moves: learners are to evaluate with the params that they began with. */
const backward = chain(
  sgd({ learningRate: 0.05 }),
  transformation<{ readonly first: Tree<Tensor> }>({
    name: "backward",
    init: (params) => ({ first: params }),
    evaluated: ["first"],
    update: (updates, state) => ({ updates, state }),
  }),
);

/** A learner evaluates with the params that its optimizer says. One whose optimizer cannot be replaced obeys trivially. */
export const optimizersAverage: Law<LearnerSubject> = law(
  "evaluation by the optimizer's average",
  "where an optimizer averages, what is trained, and what is evaluated, is the average",
  (subject) => {
    const adjusted = subject.learner.adjust({ optimizer: backward });
    return {
      given: seeds,
      breach: (seed: number) => {
        if (!isRight(adjusted)) return undefined;
        const learner = adjusted.right;
        const start = begun({ ...subject, learner }, seed);
        const { kept } = steps({ ...subject, learner }, start, batches(seed, 2), few);
        const [before, after] = [start, kept].map(({ carried }) => learner.trained.get(carried));
        const names = paths(before?.params).map((path) => path.join("."));
        const [was, is] = [before, after].map((each) => flattenTensors(each?.params).leaves);
        const moved = names.findIndex(
          (name, i) =>
            !subject.follows?.(name) &&
            sameBits(name, [was?.[i] as Tensor], [is?.[i] as Tensor]) !== undefined,
        );
        if (moved >= 0)
          return `${names[moved]} is trained, and not its average (what \`follows\` others is not asked)`;
        const again = { ...kept, carried: learner.trained.set(kept.carried, after as Trained) };
        const rows = subject.batch(keyOf(seed), few);
        const [one, other] = evaluations(learner, [kept, again], rows);
        return sameBits("evaluation", one ?? [], other ?? []);
      },
    };
  },
);

/** The laws of learners. */
export const learnerLaws = [
  stepwiseResumption,
  sameSteps,
  stillness,
  sharding,
  shardsAreParts,
  repeatedEvaluation,
  optimizersAverage,
] as const;
