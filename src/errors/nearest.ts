/** Levenshtein's distance: the minimum number of insertions, deletions and replacements between two words. */
const distance = (a: string, b: string): number => {
  // row[j] is the distance from the letters of `a` seen so far to the first j of `b`.
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (letter === b[j] ? 0 : 1);
      next.push(Math.min((next[j] as number) + 1, (row[j + 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row.at(-1) as number;
};

/**
 * The known names most similar to a given one, at most so many: those that start with it, then those that have it within, then
 * the nearest by Levenshtein's distance, where any is near.
 */
export const nearestNames = (
  name: string,
  known: readonly string[],
  most: number,
): readonly string[] => {
  const asked = name.toLowerCase();
  const like = (test: (candidate: string) => boolean) =>
    asked.length > 1 ? known.filter((candidate) => test(candidate.toLowerCase())) : [];
  const one = nearest(name, known);
  const found = [
    ...like((candidate) => candidate.startsWith(asked)),
    ...like((candidate) => candidate.includes(asked)),
    ...(one === undefined ? [] : [one]),
  ];
  return [...new Set(found)].slice(0, most);
};

/**
 * The known name most similar to a given one: one that starts with it, or the nearest by Levenshtein's distance;
 * `undefined` where none is near.
 */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  const [asked, most] = [name.toLowerCase(), Math.max(1, Math.floor(name.length / 3))];
  const ranked = known
    // A distance is no less than that of the lengths, and takes as long to find as their product.
    .filter((candidate) => Math.abs(candidate.length - name.length) <= 2 * most)
    .map((candidate) => ({ candidate, edits: distance(asked, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  if (ranked !== undefined && ranked.edits <= most) return ranked.candidate;
  return name.length > 1 ? known.find((candidate) => candidate.startsWith(name)) : undefined;
};
