import type { Space } from "./space.ts";
import { scoreOf, type Trial } from "./trial.ts";

/**
 * How much each parameter matters by itself: the share of the variance of the results that its value explains. Results are
 * compared by rank, in groups of trials whose values of the parameter are alike. The shares need not add up to 1: parameters
 * matter together, too. `undefined` for fewer than 8 trials.
 *
 * **Source** Sobol (1993), first-order sensitivity, estimated from the given trials.
 */
export const importance = <S extends Space>(
  space: S,
  trials: readonly Trial[],
): { readonly [K in keyof S]: number } | undefined => {
  const ended = trials.filter(({ costs }) => costs.length > 0);
  if (ended.length < 8) return undefined;
  const ranked = ended.toSorted((a, b) => scoreOf(a) - scoreOf(b));
  const rank = new Map(ranked.map((trial, i) => [trial.id, i]));
  const n = ended.length;
  const middle = (n - 1) / 2;
  const total = (n * n - 1) / 12;
  const groups = Math.max(2, Math.floor(Math.sqrt(n) / 1.5));
  const explained = (at: number): number => {
    const sorted = ended.toSorted((a, b) => (a.point[at] ?? 0) - (b.point[at] ?? 0) || a.id - b.id);
    const parts = Array.from({ length: groups }, (_, g) =>
      sorted.slice(Math.floor((g * n) / groups), Math.floor(((g + 1) * n) / groups)),
    );
    const between =
      parts.reduce((sum, part) => {
        const mean = part.reduce((s, { id }) => s + (rank.get(id) ?? 0), 0) / part.length;
        return sum + part.length * (mean - middle) ** 2;
      }, 0) / n;
    // Groups of independent results differ too: that much is taken off.
    const chance = (total * (groups - 1)) / (n - 1);
    return Math.max(0, (between - chance) / (total - chance));
  };
  const names = Object.keys(space).sort();
  // Each name is one of the space.
  return Object.fromEntries(names.map((name, i) => [name, explained(i)])) as {
    readonly [K in keyof S]: number;
  };
};
