import { where } from "../../ir/ops/control.ts";
import { add, eq, mul, rem, sub } from "../../ir/ops/elementwise.ts";
import { share, whole } from "../../tensor/validate.ts";
import type { Moment } from "../learner.ts";
import { bothLeaves } from "../trees.ts";

/** A rule by which the params of a model follow those of another model instead of being trained. */
export interface Follower<Name extends string = string> {
  /** The name of the followed model. */
  readonly leader: Name;
  /** The next params, after a step that changed the leader's. */
  readonly next: (own: unknown, leader: unknown, moment: Moment) => unknown;
}

/**
 * Follows the params of another model by an exponential moving average: a slow teacher.
 *
 * **Math** `q' = q + (1 - decay)(p - q)`, after each step: exactly `p` where both are equal.
 * **Fails with** `InvalidArgument`, thrown, where `decay` is not from 0 to less than 1.
 * **Source** Tarvainen and Valpola, "Mean teachers are better role models" (2017), arXiv:1703.01780.
 *
 * @example
 * ```ts
 * import { adam, dense, type Expr, meanSquaredError, objective, softmaxCrossEntropy } from "fluxion";
 * import { follow } from "fluxion/learn";
 * import { add, softmax } from "fluxion/ops";
 * const model = dense(4, 3);
 * type Row = { readonly x: Expr<readonly [4]>; readonly label: Expr; readonly unlabeled: Expr<readonly [4]> };
 * const meanTeacher = objective({
 *   models: { student: model, teacher: model },
 *   follows: { teacher: follow("student", 0.99) },
 *   loss: ({ student, teacher }, { x, label, unlabeled }: Row) =>
 *     add(
 *       softmaxCrossEntropy(student(x), label),
 *       meanSquaredError(softmax(student(unlabeled)), softmax(teacher(unlabeled))),
 *     ),
 *   optimizer: adam({ learningRate: 1e-3 }),
 * });
 * meanTeacher.name // => "objective"
 * ```
 */
export const follow = <const Name extends string>(leader: Name, decay: number): Follower<Name> => {
  share("follow", { decay });
  return {
    leader,
    next: (own, leading) => bothLeaves((q, p) => add(q, mul(sub(p, q), 1 - decay)), own, leading),
  };
};

/**
 * Copies the params of another model every `steps` steps: a target network.
 *
 * **Fails with** `InvalidArgument`, thrown, where `steps` is not a whole number above 0.
 * **Source** Mnih et al., "Human-level control through deep reinforcement learning" (2015), Nature 518.
 */
export const copyEvery = <const Name extends string>(
  leader: Name,
  steps: number,
): Follower<Name> => {
  whole(1)("copyEvery", { steps });
  return {
    leader,
    next: (own, leading, { step }) => {
      const due = eq(rem(add(step, 1), steps), 0);
      return bothLeaves((q, p) => where(due, p, q), own, leading);
    },
  };
};
