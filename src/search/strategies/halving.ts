import { holding, whole } from "../../tensor/validate.ts";
import { epochOf, type Trial } from "../trial.ts";
import { randomSearch } from "./sampling.ts";
import type { Strategy } from "./strategy.ts";

/** The options of {@link successiveHalving}. */
export interface SuccessiveHalving {
  readonly trials: number;
  /** The epochs after which a trial is compared for the first time. Defaults to 1. */
  readonly least?: number;
  /** One of this many goes on after each comparison, and is next compared after this many times the epochs. Defaults to 3. */
  readonly factor?: number;
}

const factors = holding("a whole number, 2 or more", (n) => Number.isSafeInteger(n) && n >= 2);

/** The best value of a trial within its first `epochs`. */
const valueAt = (trial: Trial, epochs: number): number =>
  trial.costs.slice(0, epochs).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

/** Whether the epoch is one of `least · factorᵏ`. */
const isRung = (epoch: number, least: number, factor: number): boolean => {
  let rung = least;
  while (rung < epoch) rung *= factor;
  return rung === epoch;
};

/** Whether a trial is among the best `1/factor` of those that reached its epoch. */
const isAmongBest = (trial: Trial, trials: readonly Trial[], factor: number): boolean => {
  const epoch = epochOf(trial);
  const others = trials.filter((other) => other.costs.length >= epoch);
  const own = valueAt(trial, epoch);
  const ahead = others.filter((other) => valueAt(other, epoch) < own).length;
  return ahead < Math.max(1, Math.ceil(others.length / factor));
};

/**
 * Asynchronous successive halving (ASHA): random points, of which the worse ones are stopped early. After `least`, `least ·
 * factor`, `least · factor²`, … epochs a trial goes on if it is among the best `1/factor` of those that came that far.
 *
 * **Fails with** `InvalidArgument`, thrown, where `trials` or `least` is not a whole number above 0, or `factor` is below 2.
 * **Source** Li et al. (2020), A system for massively parallel hyperparameter tuning, arXiv:1810.05934, in the form that
 * stops trials.
 */
export const successiveHalving = ({
  trials,
  least = 1,
  factor = 3,
}: SuccessiveHalving): Strategy => {
  whole(1)("successiveHalving", { trials, least });
  factors("successiveHalving", { factor });
  return {
    ...randomSearch({ trials }),
    name: "successive halving",
    goesOn: (trial, all) =>
      !isRung(epochOf(trial), least, factor) || isAmongBest(trial, all, factor),
  };
};

/** The options of {@link hyperband}. */
export interface Hyperband extends Omit<SuccessiveHalving, "least"> {
  /** The epochs of a whole run, which say how many different beginnings there are. */
  readonly epochs: number;
}

/**
 * Hyperband: successive halving with different first comparisons, after 1, `factor`, `factor²`, … epochs, in turns. It
 * does well where early epochs say little about later ones.
 *
 * **Fails with** `InvalidArgument`, thrown, as {@link successiveHalving}; where `epochs` is not a whole number above 0.
 * **Source** Li et al. (2018), Hyperband, arXiv:1603.06560.
 */
export const hyperband = ({ trials, epochs, factor = 3 }: Hyperband): Strategy => {
  whole(1)("hyperband", { trials, epochs });
  factors("hyperband", { factor });
  const brackets = Math.floor(Math.log(epochs) / Math.log(factor) + 1e-9) + 1;
  const bracketOf = ({ id }: Trial): number => id % brackets;
  return {
    ...randomSearch({ trials }),
    name: "hyperband",
    goesOn: (trial, all) => {
      const bracket = bracketOf(trial);
      const fellows = all.filter((other) => bracketOf(other) === bracket);
      return (
        !isRung(epochOf(trial), factor ** bracket, factor) || isAmongBest(trial, fellows, factor)
      );
    },
  };
};
