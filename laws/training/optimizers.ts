import * as fc from "fast-check";
import { issuesOf } from "../../src/backend/check.ts";
import { formatError } from "../../src/errors/failure.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { cast } from "../../src/ir/ops/control.ts";
import { add, mul, square } from "../../src/ir/ops/elementwise.ts";
import { lift } from "../../src/ir/ops/promote.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { program } from "../../src/ir/program.ts";
import { exprTree, flattenTensors, symbolsOf } from "../../src/ir/trees.ts";
import {
  applyUpdates,
  chain,
  type Exprs,
  type GradientTransformation,
  identity,
  type Minimized,
} from "../../src/optim/transformation.ts";
import { clip, scale } from "../../src/optim/transforms/parts.ts";
import { zeros } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, leaves, type TreeShape, unflatten } from "../../src/tree.ts";
import { type Domain, real, record, samplesOf, tensors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { sameBits, sameValues } from "../values/compare.ts";

/** An optimizer, and whether it moves params whose gradient is zero. */
export interface OptimizerSubject {
  readonly name: string;
  readonly optimizer: GradientTransformation;
  readonly decays?: boolean;
}

/** How two transformations are composed. */
export type Chain = (
  f: GradientTransformation,
  g: GradientTransformation,
) => GradientTransformation;

/** Half the sum of all squares, for optimizers that look at the function they minimize. */
export const bowl = (params: Exprs): Minimized => {
  const valueOf = (p: Exprs): Expr =>
    leaves(p).reduce<Expr>(
      (total, x) => add(total, mul(sum(square(cast(x, "f64"))), 0.5)),
      lift(0, "f64"),
    );
  return {
    value: valueOf(params),
    at: (p) => ({ value: valueOf(p), gradient: p }),
  };
};

const domains = [tensors([2], real, "f32"), tensors([2, 2], real, "f32")] as const;
/** Params in f64 of many magnitudes, which reveal an epsilon of 1e-10 as well as one of 1e-6. */
const exactly = [2, 2].map((n) =>
  tensors(
    [n],
    fc.tuple(real, fc.integer({ min: -9, max: 0 })).map(([x, e]) => x * 10 ** e),
    "f64",
  ),
);
const shape = flatten({ bias: 0, weight: 0 }).shape;
const steps = 3;

const exprs = (leaves: readonly Expr[], like: TreeShape = shape): Exprs => unflatten(like, leaves);
const leavesOf = (tree: unknown): readonly Tensor[] => flattenTensors(tree).leaves;

/** The updates of each of several steps from the same params, by one program per step. */
const follow = (
  { init, update }: GradientTransformation,
  of: readonly Domain[] = domains,
): ((params: readonly Tensor[], each: readonly (readonly Tensor[])[]) => readonly Tensor[]) => {
  const start = init(
    unflatten(
      shape,
      of.map((d) => zeros(d.type.shape, d.type.dtype)),
    ),
  );
  const state = flatten(start).shape;
  const count = of.length;
  const types = [...of.map((d) => d.type), ...leavesOf(start)].map(parameter);
  const gradients = of.map((d) => parameter(d.type));
  const [ps, ss] = [exprs(types.slice(0, count)), exprs(types.slice(count), state)];
  const made = update(exprs(gradients), ss, ps, undefined, bowl(ps));
  const outputs = [made.updates, applyUpdates(ps, made.updates), made.state].flatMap(
    (tree) => flatten(tree).leaves,
  );
  const step = program([...types, ...gradients], outputs);
  return (params, each) => {
    const updates: Tensor[] = [];
    let carried = [...params, ...leavesOf(init(unflatten(shape, params)))];
    for (const g of each) {
      const out = run(step, [...carried, ...g]);
      for (const update of out.slice(0, count)) updates.push(update);
      carried = out.slice(count);
    }
    return updates;
  };
};

const stepsOf = (of: readonly Domain[]) =>
  record({
    params: samplesOf(of),
    gradients: fc.array(samplesOf(of), { minLength: steps, maxLength: steps }),
  });
const given = stepsOf(domains);

/** All these transformations make the updates of the first. */
const sameUpdates = (all: readonly (readonly [name: string, t: GradientTransformation])[]) => {
  const [first, ...others] = all.map(([name, t]) => ({ name, updates: follow(t) }));
  return {
    given,
    breach: ({ params, gradients }: Steps) => {
      const wanted = first?.updates(params, gradients) ?? [];
      for (const { name, updates } of others) {
        const difference = sameBits(`${name}, update`, updates(params, gradients), wanted);
        if (difference !== undefined) return difference;
      }
      return undefined;
    },
  };
};

interface Steps {
  readonly params: readonly Tensor[];
  readonly gradients: readonly (readonly Tensor[])[];
}

/** The identity before or after an optimizer changes nothing. */
export const optimizerIdentity = (compose: Chain = chain): Law<OptimizerSubject> =>
  law(
    "chain: identity",
    "chain(t, id) = t = chain(id, t), bit for bit",
    ({ optimizer }: OptimizerSubject) =>
      sameUpdates([
        ["t", optimizer],
        ["chain(t, id)", compose(optimizer, identity)],
        ["chain(id, t)", compose(identity, optimizer)],
      ]),
  );

/** Transformations chain in any grouping. */
export const optimizerAssociativity = (compose: Chain = chain): Law<OptimizerSubject> =>
  law(
    "chain: associativity",
    "chain(chain(r, t), s) = chain(r, chain(t, s)), bit for bit",
    ({ optimizer }: OptimizerSubject) => {
      const [before, after] = [clip(1.25), scale(0.5)];
      return sameUpdates([
        ["left", compose(compose(before, optimizer), after)],
        ["right", compose(before, compose(optimizer, after))],
      ]);
    },
  );

/** Zero gradients without weight decay move nothing. */
export const restingPoint: Law<OptimizerSubject> = law(
  "resting point",
  "zero gradients without decay move nothing",
  ({ optimizer, decays = false }: OptimizerSubject) => {
    const updates = follow(optimizer);
    const none = domains.map((d) => zeros(d.type.shape, "f32"));
    return {
      given,
      breach: ({ params }) => {
        if (decays) return undefined;
        const made = updates(params, Array(steps).fill(none));
        return sameValues(
          "update",
          made,
          made.map((u) => zeros(u.shape, u.dtype)),
        );
      },
    };
  },
);

/**
 * A step compiles for params of f32 and of f64, its updates have their types, and the next state those of the state.
 * The reference interpreter computes in numbers and looks at no dtype.
 */
export const keepsTypes: Law<OptimizerSubject> = law(
  "types",
  "a step compiles, and keeps the types of params and state, in f32 and f64",
  ({ optimizer }: OptimizerSubject) => ({
    given: fc.constantFrom<"f32" | "f64">("f32", "f64"),
    breach: (dtype: "f32" | "f64") => {
      const like = { bias: zeros([2], dtype), weight: zeros([2, 2], dtype) };
      const params = symbolsOf(like);
      const gradients = symbolsOf(like);
      const state = symbolsOf(optimizer.init(like));
      const given = exprTree(params.tree);
      const made = optimizer.update(
        exprTree(gradients.tree),
        exprTree(state.tree),
        given,
        undefined,
        bowl(given),
      );
      const [moves, next] = [leaves(made.updates), leaves(made.state)] as const;
      const step = program(
        [...params.leaves, ...gradients.leaves, ...state.leaves],
        [...moves, ...next],
      );
      const [issue] = issuesOf(step, 0, {});
      if (issue !== undefined) return formatError(issue);
      const typeOf = (x: Expr): string => `${x.dtype}[${x.shape}]`;
      const [is, was] = [
        [...moves, ...next].map(typeOf),
        [...params.leaves, ...state.leaves].map(typeOf),
      ];
      const i = was.findIndex((type, k) => type !== is[k]);
      return i < 0 && is.length === was.length ? undefined : `leaf ${i}: ${is[i]}, not ${was[i]}`;
    },
  }),
);

/** An optimizer made without options, and the same with its documented defaults. */
export interface DefaultsSubject {
  readonly name: string;
  readonly without: GradientTransformation;
  readonly documented: GradientTransformation;
}

/** An option that is left out has its documented default. */
export const documentedDefaults: Law<DefaultsSubject> = law(
  "defaults",
  "without options = with the documented defaults, bit for bit",
  ({ without, documented }: DefaultsSubject) => {
    const [left, right] = [follow(without, exactly), follow(documented, exactly)];
    return {
      given: stepsOf(exactly),
      breach: ({ params, gradients }: Steps) =>
        sameBits("update", left(params, gradients), right(params, gradients)),
    };
  },
);

export const optimizerLaws: readonly Law<OptimizerSubject>[] = [
  optimizerIdentity(),
  optimizerAssociativity(),
  restingPoint,
  keepsTypes,
];
