import { type Expr, key } from "../../../src/index.ts";
import { argmax, fill, index, where } from "../../../src/ir/index.ts";
import type { Environment, Policy } from "../../../src/learn/environments/index.ts";
import type { AnyLearner } from "../../../src/learn/index.ts";

type Key = Expr<readonly [2]>;

/**
 * The policy that takes the legal action that a learner predicts with a model, which has the highest value unless a search chose
 * it; or the numbers that it predicts, where actions are continuous.
 */
export const greedily = (learner: AnyLearner, environment: Environment) => {
  const { predict, trained } = learner;
  const begun = learner.init(key(0));
  return {
    /** The model that the learner begins with. */
    first: trained.get(begun),
    policy:
      (model: unknown, own: Key): Policy =>
      (observation) => {
        // A prediction needs nothing of what is carried but the model.
        const carried = trained.set(begun, model as ReturnType<typeof trained.get>);
        const moment = { key: own, step: fill([], 0, "i32"), epoch: fill([], 0, "i32") };
        const said = predict?.(carried, { observation }, moment) ?? fill([1], 0);
        if (environment.actions.kind === "continuous") return { action: said };
        const values = said.shape.length === 1 ? said : index(said, 1);
        const legal = environment.legal?.(observation) ?? fill(values.shape, 1, "bool");
        return { action: argmax(where(legal, values, Number.NEGATIVE_INFINITY)) };
      },
  };
};
