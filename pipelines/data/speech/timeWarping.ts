/** A sequence of `steps` vectors of `width` numbers, one after another. */
export interface Steps {
  readonly steps: number;
  readonly width: number;
  readonly numbers: ArrayLike<number>;
}

/**
 * The distance of two sequences under dynamic time warping: the least sum of distances of steps that are matched in order, where
 * each may match several, divided by the sum of their lengths; ∞ as soon as it cannot be below `bound`.
 *
 * **Source** Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition" (1978), symmetric, with
 * slopes of any size. A diagonal step counts twice there and here.
 */
export const warped = (a: Steps, b: Steps, bound = Number.POSITIVE_INFINITY): number => {
  const { width } = a;
  const most = bound * (a.steps + b.steps);
  let row = new Float64Array(b.steps + 1).fill(Number.POSITIVE_INFINITY);
  row[0] = 0;
  for (let i = 0; i < a.steps; i++) {
    const next = new Float64Array(b.steps + 1).fill(Number.POSITIVE_INFINITY);
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < b.steps; j++) {
      let square = 0;
      for (let k = 0; k < width; k++)
        square +=
          ((a.numbers[i * width + k] as number) - (b.numbers[j * width + k] as number)) ** 2;
      const distance = Math.sqrt(square);
      const reached = Math.min(
        (row[j] as number) + 2 * distance,
        (row[j + 1] as number) + distance,
        (next[j] as number) + distance,
      );
      next[j + 1] = reached;
      if (reached < least) least = reached;
    }
    if (least >= most) return Number.POSITIVE_INFINITY;
    row = next;
  }
  return (row[b.steps] as number) / (a.steps + b.steps);
};

/** The sound in a spectrogram `[time, mels]`: all but the steps of only zeros at its end. */
export const soundIn = (numbers: ArrayLike<number>, width: number): Steps => {
  let end = numbers.length;
  while (end > 0 && numbers[end - 1] === 0) end--;
  return { steps: Math.ceil(end / width), width, numbers };
};

/** The place of the nearest of some sequences. */
export const nearestOf = (known: readonly Steps[], asked: Steps): number => {
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (const [i, one] of known.entries()) {
    const distance = warped(one, asked, least);
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
};
