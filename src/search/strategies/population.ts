import { share as part, whole } from "../../tensor/validate.ts";
import { epochOf, type Trial } from "../trial.ts";
import type { Strategy } from "./strategy.ts";

/** The options of {@link populationBased}. */
export interface PopulationBased {
  /** The number of members of the population. */
  readonly size: number;
  /** The number of generations. */
  readonly generations: number;
  /** The epochs of a generation. Defaults to 1. A pipeline of fewer epochs in all ends sooner. */
  readonly every?: number;
  /** The share of the population that is replaced by copies of the best. Defaults to 0.25, and is one member or more. */
  readonly replaced?: number;
  /** How far each value of a copy moves at most, as a share of its range. Defaults to 0.2. */
  readonly spread?: number;
}

const latest = ({ costs, outcome }: Trial): number =>
  outcome === "failed" ? Number.POSITIVE_INFINITY : (costs.at(-1) ?? Number.POSITIVE_INFINITY);

/**
 * Population based training: each member of a population trains for some epochs. Then the worst are replaced by copies of the
 * best, with their states and with changed values, and all go on: values change in the course of a run. A trial is one
 * member in one generation.
 *
 * The values must not change the shapes of params, since states are copied. A generation begins when the one before is over,
 * so that the result does not depend on how many trials are under way at once.
 *
 * **Fails with** `InvalidArgument`, thrown, where a number is out of range.
 * **Source** Jaderberg et al. (2017), Population based training of neural networks, arXiv:1711.09846, with truncation.
 */
export const populationBased = ({
  size,
  generations,
  every = 1,
  replaced = 0.25,
  spread = 0.2,
}: PopulationBased): Strategy => {
  whole(2)("populationBased", { size });
  whole(1)("populationBased", { generations, every });
  part("populationBased", { replaced, spread });
  const worst = Math.max(1, Math.floor(replaced * size));

  return {
    name: "population based",
    copies: 2 * size,
    propose: ({ trials, counts, random }) => {
      const [generation, member] = [Math.floor(trials.length / size), trials.length % size];
      if (generation === generations) return "done";
      if (generation === 0) return { point: counts.map(random) };
      const before = trials.slice((generation - 1) * size, generation * size);
      if (before.some(({ outcome }) => outcome === "running")) return "wait";
      const ranked = before.toSorted((a, b) => latest(a) - latest(b) || a.id - b.id);
      const own = before[member] as Trial; // a generation is as large as the population
      const place = ranked.indexOf(own);
      const goesOn = place < size - worst && own.outcome !== "failed";
      const parent = goesOn ? own : (ranked[place % worst] as Trial);
      const from = { trial: parent.id, epoch: epochOf(parent) };
      if (goesOn) return { point: own.point, from };
      const moved = (x: number): number => x + spread * (2 * random() - 1);
      return {
        point: parent.point.map((x) => Math.min(1 - 2 ** -53, Math.max(0, moved(x)))),
        from,
      };
    },
    goesOn: ({ costs }) => costs.length < every,
  };
};
